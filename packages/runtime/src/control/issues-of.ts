/** What is wrong with a value, field by field, as an error's details name it. */
export function issuesOf(error: {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}) {
  return error.issues.map(({ path, message }) => ({ path: path.map(String).join("."), message }));
}
