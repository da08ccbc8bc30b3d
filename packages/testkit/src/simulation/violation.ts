/** The guarantees a simulated life is checked against, as the design numbers them. */
export type Guarantee = "G1" | "G2" | "G3" | "G4" | "G5" | "G6" | "G7" | "G8" | "G9" | "G10";

/** A broken promise. */
export interface Violation {
  readonly guarantee: Guarantee;
  readonly text: string;
}
