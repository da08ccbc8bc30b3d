/**
 * Texts of users among columns that are joined by bars: scripts split such rows
 * without knowing what is in them, so no text may bring a bar of its own.
 */

/** A text as one column. */
export function encodeColumnText(text: string): string {
  return text.replaceAll(/[%|]/g, encodeURIComponent);
}

/** The text of a column. */
export function decodeColumnText(column: string): string {
  return column.replaceAll(/%(?:25|7C)/g, decodeURIComponent);
}
