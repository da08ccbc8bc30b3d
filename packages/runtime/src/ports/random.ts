/** Randomness as the runtime sees it. */
export interface Random {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** A fresh id: `<prefix>_` and 21 random characters. */
  id(prefix: string): string;
}
