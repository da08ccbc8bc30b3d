/** Sessions bound to a range of versions, among workers that host different ones. */
import { type Binding, isAppError } from "@holdfast/contracts";
import { binding, EXECUTOR } from "@holdfast/testkit";
import { expect, it } from "vitest";
import type { Executor } from "../../src/index.ts";
import { executor, failing } from "../support/executors.ts";
import { rejection } from "../support/rejection.ts";
import { send } from "../support/send.ts";
import type { OpenStage, Stage } from "./stage.ts";

/** An executor of one version, which says so. */
function versioned(version: string): Executor {
  return executor(() => ({ kind: "completed", output: version }), { version });
}

function boundTo(versions: string): Binding {
  return binding("hold", EXECUTOR, versions);
}

function bind({ sender, ref }: Stage, versions: string) {
  return sender.runtime.ensureSessionWithExecutor(ref, boundTo(versions));
}

const OUT_OF_REACH_MS = 5_000;

/** What holds of versions, on every store. */
export function describeVersions(openStage: OpenStage): void {
  it("runs a session on the version it is bound to, whichever worker is asked first", async () => {
    const stage = await openStage();
    const { world, sender, ref } = stage;
    const old = await stage.worker("old", versioned("1.4.2"));
    await stage.worker("new", versioned("2.0.1"));
    await bind(stage, "^2");
    const outcomes: unknown[] = [];

    for (let count = 0; count < 6; count += 1) {
      const { completion } = await send(sender, ref);
      await world.advance(OUT_OF_REACH_MS);
      outcomes.push(await completion);
    }

    expect(outcomes).toHaveLength(6);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ kind: "completed", output: "2.0.1" });
    expect(old.reports).not.toContainEqual(expect.objectContaining({ phrase: "no worker hosts the executor" }));
  });

  it("runs sessions of both versions side by side while one replaces the other", async () => {
    const stage = await openStage();
    const { world, sender, ref } = stage;
    const { runtime } = sender;
    const later = { ...ref, sessionId: "later" as typeof ref.sessionId };
    await runtime.ensureSessionWithExecutor(ref, boundTo("1.x"));
    await runtime.ensureSessionWithExecutor(later, boundTo(">=2 <3 || 4.x"));
    await stage.worker("new", versioned("2.0.1"));
    await stage.worker("old", versioned("1.4.2"));

    const sent = [await send(sender, ref), await send(sender, later)];
    await world.advance(OUT_OF_REACH_MS);

    const outcomes = await Promise.all(sent.map(({ completion }) => completion));
    expect(outcomes).toMatchObject([{ output: "1.4.2" }, { output: "2.0.1" }]);
  });

  it("raises an alarm for a session that nobody hosts, says what is hosted, and runs it once somebody does", async () => {
    const stage = await openStage();
    const { world, sender, ref } = stage;
    const old = await stage.worker("old", versioned("1.4.2"));
    await bind(stage, "^2");
    const { completion } = await send(sender, ref);
    await world.advance(OUT_OF_REACH_MS);

    const { items } = await sender.runtime.listEvents(ref, { after: 0, limit: 100 });
    const alarms = items.filter(({ event }) => event.type === "runtime.unhosted");
    expect(alarms).toMatchObject([{ event: { executor: EXECUTOR, versions: "^2" } }]);
    expect(await sender.runtime.explain(ref)).toMatchObject({
      waitsFor: { kind: "executor", executor: EXECUTOR, versions: "^2", announced: ["1.4.2"] },
    });
    expect(await sender.runtime.listUnhostedSessions()).toMatchObject([{ ref, executor: EXECUTOR }]);
    expect(old.reports).toContainEqual(expect.objectContaining({ phrase: "no worker hosts the executor" }));

    await stage.worker("new", versioned("2.1.0"));
    await world.advance(OUT_OF_REACH_MS);

    expect(await completion).toMatchObject({ output: "2.1.0" });
    expect(await sender.runtime.listUnhostedSessions()).toEqual([]);
  });

  it("retries a run under another version inside the range", async () => {
    const stage = await openStage();
    const { world, sender, ref } = stage;
    await bind(stage, "1.x");
    const first = await stage.worker("first", executor(failing, { version: "1.0.0" }));
    const { completion } = await send(sender, ref);
    await world.advance(0);
    const [before] = (await sender.runtime.listInputs(ref, { after: 0, limit: 1 })).items;
    first.kill();

    await stage.worker("second", versioned("1.1.0"));
    await world.advance(60_000);

    expect(before?.runId).not.toBeNull();
    expect(await completion).toMatchObject({ kind: "completed", output: "1.1.0", runId: before?.runId });
  });

  it("moves a session to another version when it is bound anew, at the boundary of a run", async () => {
    const stage = await openStage();
    const { world, sender, ref } = stage;
    await stage.worker("old", versioned("1.4.2"));
    await stage.worker("new", versioned("2.0.1"));
    await bind(stage, "1.x");
    const before = await send(sender, ref);
    await world.advance(OUT_OF_REACH_MS);

    const view = await bind(stage, "2.x");
    const after = await send(sender, ref);
    await world.advance(OUT_OF_REACH_MS);

    expect(view.binding).toEqual(boundTo("2.x"));
    expect(await before.completion).toMatchObject({ output: "1.4.2" });
    expect(await after.completion).toMatchObject({ output: "2.0.1" });
  });

  it("refuses a range that is none", async () => {
    const stage = await openStage();

    const error = await rejection(bind(stage, "latest"));

    expect(isAppError(error, "request.invalid")).toBe(true);
    expect(await stage.sender.runtime.findSession(stage.ref)).toBeNull();
  });
}
