/** Time as the runtime sees it. The store's time is the store's own affair. */
export interface Clock {
  /** Epoch milliseconds, for records that people read. */
  now(): number;
  /** Milliseconds that never go back, for deadlines. */
  monotonic(): number;
  /** Calls `fn` once after `ms`; the answer cancels it. */
  after(ms: number, fn: () => void): () => void;
}

/** Randomness as the runtime sees it. */
export interface Random {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** A fresh id: `<prefix>_` and 21 random characters. */
  id(prefix: string): string;
}

/** SHA-256 of a text's UTF-8 bytes as base64url without padding: 43 characters. */
export type Sha256 = (text: string) => string;
