/** Where two answers differ, for people. */

/** The first place at which two JSON values differ, or `null`. A member that is `undefined` is none. */
export function findDifference(left: unknown, right: unknown, path = ""): string | null {
  if (Object.is(left, right)) return null;
  if (!isBranch(left) || !isBranch(right) || Array.isArray(left) !== Array.isArray(right)) {
    return `${path || "/"}: ${show(left)} against ${show(right)}`;
  }
  for (const key in left) {
    const difference = findDifference(left[key], right[key], `${path}/${key}`);
    if (difference !== null) return difference;
  }
  for (const key in right) {
    if (right[key] !== undefined && left[key] === undefined)
      return `${path}/${key}: nothing against ${show(right[key])}`;
  }
  return null;
}

function isBranch(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
