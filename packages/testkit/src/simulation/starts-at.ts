/** Epoch milliseconds at which every simulated life begins. */
export const STARTS_AT = Date.UTC(2026, 0, 1);
