import type { NodeId, StoreSurvey, UnhostedSession } from "holdfast";
import { describe, expect, it } from "vitest";
import { deadLetterFinding, hostingFinding, storeFindings, workerFindings } from "../../src/doctor/findings.ts";

const sound: StoreSurvey = {
  server: {
    product: "Redis",
    version: "7.0.15",
    evictionPolicy: "noeviction",
    appendFsync: "always",
    serverRunId: "x",
  },
  ackLevel: "fsync",
  hasMemoryFlags: true,
  store: { buckets: 64, layout: "1", timeline: 0 },
};

function gradesOf(survey: StoreSurvey, buckets?: number): Record<string, string> {
  const findings = storeFindings(survey, buckets === undefined ? {} : { buckets });
  return Object.fromEntries(findings.map(({ subject, grade }) => [subject, grade]));
}

const withServer = (changed: Partial<StoreSurvey["server"]>) => ({ ...sound, server: { ...sound.server, ...changed } });

describe("the doctor", () => {
  it("finds nothing wrong with a sound store, and has no advice", () => {
    const findings = storeFindings(sound, {});

    expect(findings.map(({ grade }) => grade)).toEqual(["ok", "ok", "ok", "ok", "ok"]);
    expect(findings.every(({ advice }) => advice === undefined)).toBe(true);
  });

  it.each([
    ["an old server", withServer({ version: "6.2.14" }), "server", "fail"],
    ["a server that hides its version", withServer({ version: "unknown" }), "server", "warn"],
    ["no append-only file", withServer({ appendFsync: "off" }), "persistence", "warn"],
    ["an fsync every second", withServer({ appendFsync: "everysec" }), "persistence", "warn"],
    ["hidden persistence", withServer({ appendFsync: "unknown" }), "persistence", "warn"],
    ["a server that evicts", withServer({ evictionPolicy: "allkeys-lru" }), "eviction", "fail"],
    ["a hidden eviction policy", withServer({ evictionPolicy: "unknown" }), "eviction", "warn"],
    ["no script flags", { ...sound, hasMemoryFlags: false }, "scripts", "warn"],
    ["no store", { ...sound, store: null }, "store", "warn"],
  ] as const)("grades %s", (_, survey, subject, grade) => {
    expect(gradesOf(survey)).toMatchObject({ [subject]: grade });
    expect(storeFindings(survey, {}).find((finding) => finding.subject === subject)?.advice).toBeTruthy();
  });

  it("fails a number of buckets other than the store's", () => {
    expect(gradesOf(sound, 64)["store"]).toBe("ok");
    expect(gradesOf(sound, 32)["store"]).toBe("fail");
  });

  it("lists workers with what they host, and warns when there is none", () => {
    const worker = {
      node: "nod_12345678" as NodeId,
      executors: [{ name: "fold", version: "1" }],
      concurrency: 128,
      startedAt: 0,
      seenAt: 7_000,
    };

    expect(workerFindings([worker], 10_000)).toEqual([
      {
        grade: "ok",
        subject: "worker nod_12345678",
        detail: "hosts fold@1; 128 sessions at a time; seen 3 s ago",
      },
    ]);
    expect(workerFindings([], 0)).toMatchObject([{ grade: "warn", subject: "workers" }]);
  });

  it("warns of dead letters, in as many sessions as it has counted", () => {
    expect(deadLetterFinding(0, false)).toMatchObject({ grade: "ok" });
    expect(deadLetterFinding(100, true)).toMatchObject({
      grade: "warn",
      detail: "in 100 or more sessions of the tenant",
    });
  });

  it("fails a store whose sessions wait for an executor that nobody hosts, and names it", () => {
    const ref = { tenantId: "default", sessionId: "chat/42" } as UnhostedSession["ref"];

    expect(hostingFinding([])).toMatchObject({ grade: "ok" });
    expect(hostingFinding([{ ref, executor: "agent" }])).toMatchObject({
      grade: "fail",
      detail: "1 sessions wait for agent, which no worker hosts",
    });
  });
});
