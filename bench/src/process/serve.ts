/** The other end of a `RemoteProcess`: answers calls until its owner is gone. */

/** A call of a role's method. */
export interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** Its answer; id 0 says that the role is ready. */
export type Answer = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string };

/** What a role offers: methods by name, `close` among them. */
export type Methods = { close(): Promise<void> };

/** Opens a role and answers for it. */
export async function serve(open: () => Promise<Methods>): Promise<void> {
  // An owner that went without a word leaves nobody to answer to.
  process.on("disconnect", () => process.exit());
  const methods = await attempt(0, open);
  if (methods === null) return;
  send({ id: 0, value: null });
  process.on("message", ({ id, method, params }: Call) => {
    void attempt(id, async () => {
      const fn = (methods as unknown as Record<string, (...params: readonly unknown[]) => Promise<unknown>>)[method];
      if (fn === undefined) throw new Error(`no method ${method}`);
      send({ id, value: (await fn(...params)) ?? null });
    });
  });
}

async function attempt<T>(id: number, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    send({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    return null;
  }
}

function send(answer: Answer): void {
  process.send?.(answer);
}
