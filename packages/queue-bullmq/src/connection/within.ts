import type { Clock } from "@holdfast/runtime";

/** Rejects with `late()` when `work` has not settled in time. What becomes of it afterwards is nobody's concern. */
export async function within<T>(
  work: Promise<T>,
  { clock, ms, late }: { readonly clock: Clock; readonly ms: number; readonly late: () => Error },
): Promise<T> {
  let cancel = (): void => {};
  const expiry = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(ms, () => reject(late()));
  });
  work.catch(() => {});
  try {
    return await Promise.race([work, expiry]);
  } finally {
    cancel();
  }
}
