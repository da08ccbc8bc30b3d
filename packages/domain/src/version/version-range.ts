import semver from "semver";

/** Whether a text is a range of semantic versions: `^2.1`, `>=1.4 <3`, `1.x || 2.x`. */
export function isVersionRange(text: string): boolean {
  return semver.validRange(text) !== null;
}

/**
 * Whether a version lies in a range. A pre-release lies only in a range that names one of the same version; what is
 * no semantic version lies in none.
 */
export function isVersionWithin(version: string, range: string): boolean {
  return semver.satisfies(version, range);
}
