/**
 * What earlier versions left behind is loaded into a fresh store, and the runtime
 * of this version takes it to its end. `npm run histories -- --record` keeps the
 * standings as this version writes them.
 */
import { findLedgerFaults } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import { type Stage, stagesOn } from "../../../runtime/test/scenarios/stage.ts";
import { openTimedStore, type TimedStore } from "../open-store.ts";
import { type HistoryEnd, keepHistory, listHistories, readHistory } from "./history-file.ts";
import { readContent, writeContent } from "./session-keys.ts";
import { applying, STANDINGS } from "./standings.ts";

const RECORDED = process.env["HOLDFAST_RECORD_HISTORIES"];

/** Beyond every back-off, lease and time that a standing waits for. */
const LONG_MS = 150_000;
const ALL = { after: 0, limit: 500 };

interface HistoryStage extends Stage {
  readonly timed: TimedStore;
}

async function openStage(): Promise<HistoryStage> {
  let timed: TimedStore | null = null;
  const open = stagesOn(async ({ notices }) => {
    const opened = await openTimedStore();
    timed = opened;
    const connect = () => ({ ...opened.store, notifier: notices.connect(), close: async () => {} });
    return { connect, advanceTime: opened.advanceTime, close: opened.close };
  });
  const stage = await open();
  if (timed === null) throw new Error("no store was opened");
  return { ...stage, timed };
}

/** A worker takes the session to where nothing is left to do. */
async function endOf(stage: Stage): Promise<HistoryEnd> {
  const { sender, ref, world } = stage;
  await stage.worker("successor", applying);
  await world.advance(LONG_MS);
  const { phase } = (await sender.runtime.findSession(ref)) ?? { phase: "unregistered" };
  if (phase === "destroyed" || phase === "unregistered") return { phase, inputs: [] };
  expect(await findLedgerFaults(world.store, ref)).toEqual([]);
  const { items } = await sender.runtime.listInputs(ref, ALL);
  const inputs = items.map(({ input, outcome }) => [input.idempotencyKey ?? "", outcome?.kind ?? "none"] as const);
  return { phase, inputs };
}

if (RECORDED === undefined) describeLoading();
else describeRecording(RECORDED);

function describeRecording(version: string): void {
  describe(`version ${version}`, () => {
    it.each(Object.keys(STANDINGS))("is recorded where a session is %s", async (standing) => {
      const stage = await openStage();
      const { client, store, now } = stage.timed;
      const bornAt = now();
      await STANDINGS[standing]?.(stage);

      const recorded = {
        ageMs: now() - bornAt,
        buckets: store.keys.buckets,
        content: await readContent(client, store.keys.namespace),
      };
      const end = await endOf(stage);

      keepHistory(version, standing, { ...recorded, end });
      expect(end.inputs.filter(([, outcome]) => outcome === "none")).toEqual([]);
    });
  });
}

function describeLoading(): void {
  describe("a session of an earlier version", () => {
    it.each(listHistories())(
      "is taken to its end by this one: $standing of $version",
      async ({ version, standing }) => {
        const history = readHistory(version, standing);
        const stage = await openStage();
        const { client, store } = stage.timed;
        expect(store.keys.buckets).toBe(history.buckets);
        await stage.world.advance(history.ageMs);
        await writeContent(client, store.keys.namespace, history.content);

        expect(await endOf(stage)).toEqual(history.end);
      },
    );
  });
}
