/** Where two answers differ, for people. */

/** The first place at which two JSON values differ, or `null`. */
export function findDifference(left: unknown, right: unknown, path = ""): string | null {
  if (Object.is(left, right)) return null;
  if (!isBranch(left) || !isBranch(right) || Array.isArray(left) !== Array.isArray(right)) {
    return `${path || "/"}: ${show(left)} against ${show(right)}`;
  }
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  for (const key of keys) {
    const difference = findDifference(left[key], right[key], `${path}/${key}`);
    if (difference !== null) return difference;
  }
  return null;
}

/** A value as it would travel: without `undefined` members and class instances. */
export function toPlain(value: unknown): unknown {
  return value === undefined ? null : JSON.parse(JSON.stringify(value));
}

function isBranch(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
