import { describe, expect, it } from "vitest";
import { createHoldfast, defineExecutor } from "../src/index.ts";

/** Nobody listens there: whatever is refused for another reason is refused before anything is opened. */
const redis = "redis://127.0.0.1:1";

function named(name: string) {
  return defineExecutor(name, (turn) => turn.complete());
}

describe("createHoldfast", () => {
  it("refuses two executors of one name, of which only one could ever run", async () => {
    await expect(createHoldfast({ redis, executors: [named("a"), named("b"), named("a")] })).rejects.toMatchObject({
      code: "config.invalid",
      message: "there are two executors named a",
    });
  });

  it.each([undefined, "", "localhost:6379", "http://127.0.0.1"])(
    "refuses %j as a Redis, and says what one is",
    async (url) => {
      await expect(createHoldfast({ redis: url as string })).rejects.toMatchObject({
        code: "config.invalid",
        message: expect.stringContaining("redis://") as unknown,
      });
    },
  );

  it("refuses a name that no session can be bound to", async () => {
    await expect(createHoldfast({ redis, executors: [named("my executor")] })).rejects.toMatchObject({
      code: "config.invalid",
      message: expect.stringMatching(/^"my executor" is not an executor name/),
    });
  });

  it("refuses a tenant id that is none", async () => {
    await expect(createHoldfast({ redis, tenantId: "" })).rejects.toMatchObject({
      code: "id.invalid",
      details: { what: "tenant" },
    });
  });

  it("says that nobody answers where Redis is said to be", async () => {
    await expect(createHoldfast({ redis })).rejects.toMatchObject({ code: "store.unavailable" });
  });
});
