/** What a call rejects with; a call that answers fails the test. */
export async function rejection(call: Promise<unknown>): Promise<unknown> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    return error;
  }
  throw new Error(`answered ${JSON.stringify(answer)}`);
}
