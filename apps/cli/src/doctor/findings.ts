/**
 * What a store, its server and its workers are worth: one finding per question,
 * each with what to do about it.
 */
import type { StoreSurvey, UnhostedSession, WorkerRecord } from "holdfast";
import { printable } from "../terminal/text.ts";

/** `warn` is a choice to know about; `fail` keeps sessions from running or from being safe. */
export type Grade = "ok" | "warn" | "fail";

/** One question and its answer. */
export interface Finding {
  readonly grade: Grade;
  readonly subject: string;
  readonly detail: string;
  /** What to do; absent when there is nothing to do. */
  readonly advice?: string;
}

const REQUIRED_MAJOR = 7;

/** Findings about the server and the store on it. */
export function storeFindings(survey: StoreSurvey, wanted: { readonly buckets?: number }): Finding[] {
  return [
    versionFinding(survey),
    persistenceFinding(survey),
    evictionFinding(survey),
    scriptFinding(survey),
    bucketFinding(survey, wanted.buckets),
  ];
}

/** Findings about who runs the sessions. */
export function workerFindings(workers: readonly WorkerRecord[], now: number): Finding[] {
  if (workers.length === 0) {
    const advice = "start one that hosts your executors; what is sent meanwhile waits";
    return [{ grade: "warn", subject: "workers", detail: "none is there", advice }];
  }
  return workers.map((worker) => {
    const hosted = worker.executors.map(({ name, version }) => `${name}@${version}`).join(", ");
    const age = Math.max(0, Math.round((now - worker.seenAt) / 1_000));
    const detail = `hosts ${printable(hosted)}; ${worker.concurrency} sessions at a time; seen ${age} s ago`;
    return { grade: "ok", subject: `worker ${worker.node}`, detail };
  });
}

/** The finding about sessions with work that nobody can run. */
export function hostingFinding(unhosted: readonly UnhostedSession[]): Finding {
  const subject = "hosting";
  if (unhosted.length === 0) return { grade: "ok", subject, detail: "every session with work has a worker" };
  const executors = [...new Set(unhosted.map(({ executor }) => executor))].sort();
  const detail = `${unhosted.length} sessions wait for ${printable(executors.join(", "))}, which no worker hosts`;
  const advice = "start a worker that hosts it; holdfast explain <session> names the version";
  return { grade: "fail", subject, detail, advice };
}

/** The finding about inputs that wait for somebody's decision. */
export function deadLetterFinding(sessions: number, hasMore: boolean): Finding {
  const subject = "dead letters";
  if (sessions === 0) return { grade: "ok", subject, detail: "none" };
  const advice = "holdfast dead-letters list shows them; redrive or discard each";
  return {
    grade: "warn",
    subject,
    detail: `in ${sessions}${hasMore ? " or more" : ""} sessions of the tenant`,
    advice,
  };
}

function versionFinding({ server }: StoreSurvey): Finding {
  const detail = `${server.product} ${server.version}`;
  const major = Number.parseInt(server.version, 10);
  if (!Number.isInteger(major)) {
    return { grade: "warn", subject: "server", detail, advice: `make sure that it is ${REQUIRED_MAJOR}.0 or newer` };
  }
  if (major >= REQUIRED_MAJOR) return { grade: "ok", subject: "server", detail };
  return { grade: "fail", subject: "server", detail, advice: `it needs version ${REQUIRED_MAJOR}.0 or newer` };
}

function persistenceFinding({ server, ackLevel }: StoreSurvey): Finding {
  const subject = "persistence";
  const level = `acknowledges at level ${ackLevel}`;
  switch (server.appendFsync) {
    case "always":
      return { grade: "ok", subject, detail: `append-only file, fsync always; ${level}` };
    case "off":
      return {
        grade: "warn",
        subject,
        detail: `no append-only file; ${level}`,
        advice: "a restart of the server may lose everything: set appendonly yes",
      };
    case "unknown":
      return {
        grade: "warn",
        subject,
        detail: `the server does not tell; ${level}`,
        advice: "make sure that it keeps an append-only file",
      };
    default:
      return {
        grade: "warn",
        subject,
        detail: `append-only file, fsync ${server.appendFsync}; ${level}`,
        advice: "a power cut may lose the last second or more: set appendfsync always if that matters",
      };
  }
}

function evictionFinding({ server }: StoreSurvey): Finding {
  const subject = "eviction";
  const detail = `maxmemory-policy ${server.evictionPolicy}`;
  if (server.evictionPolicy === "noeviction") return { grade: "ok", subject, detail };
  const fix = "CONFIG SET maxmemory-policy noeviction, and the same in the server's configuration";
  if (server.evictionPolicy === "unknown") {
    return { grade: "warn", subject, detail, advice: "make sure that it is noeviction" };
  }
  return { grade: "fail", subject, detail, advice: `the server may drop sessions, Holdfast refuses to start: ${fix}` };
}

function scriptFinding({ hasMemoryFlags }: StoreSurvey): Finding {
  const subject = "scripts";
  if (hasMemoryFlags) {
    return {
      grade: "ok",
      subject,
      detail: "functions with flags: at the memory limit admissions stop and runs still commit",
    };
  }
  return {
    grade: "warn",
    subject,
    detail: "the server has no functions, so scripts have no flags",
    advice: "at its memory limit it refuses commits as well as admissions: keep it far from the limit",
  };
}

function bucketFinding({ store }: StoreSurvey, wanted: number | undefined): Finding {
  const subject = "store";
  if (store === null) {
    return { grade: "warn", subject, detail: "no store in this namespace yet", advice: "the first process creates it" };
  }
  const detail = `${store.buckets} buckets, layout ${store.layout}, timeline ${store.timeline}`;
  if (wanted === undefined || wanted === store.buckets) return { grade: "ok", subject, detail };
  return { grade: "fail", subject, detail, advice: `the number of buckets is fixed: use --buckets ${store.buckets}` };
}
