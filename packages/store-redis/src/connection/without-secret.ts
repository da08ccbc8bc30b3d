/** A URL without its credentials, for messages. Also of a text that is no valid URL: those are told of most. */
export function withoutSecret(url: string): string {
  // Options may hold a password; up to the last @, because one that was not encoded may hold others.
  return url.replace(/\?.*$/s, "").replace(/\/\/.*@/s, "//");
}
