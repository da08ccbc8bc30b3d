import type { SessionPhase } from "@holdfast/contracts";
import { GENESIS_DIGEST, SESSION_TABLE } from "@holdfast/domain";
import { newStreamsData } from "../stream/stream-data.ts";
import { type LaneData, newDrainData, newRing, type SessionData } from "./session-data.ts";

/** A session that was never used. */
export function newSessionData(
  identity: Pick<SessionData, "ref" | "member">,
  options: Pick<SessionData, "executor" | "versions" | "isHeld" | "settings">,
): SessionData {
  return { ...identity, ...options, ...nothingWaits(), ...nothingHappened() };
}

function nothingWaits() {
  const lane = (): LaneData => ({ head: 1, tail: 1, places: new Map() });
  return {
    phase: SESSION_TABLE.initial as SessionPhase,
    generation: 0,
    settingsRevision: 0,
    labels: {},
    published: new Map(),
    isUnhosted: false,
    admitted: 0,
    wokenThrough: 0,
    queued: 0,
    waking: 0,
    scheduled: 0,
    passing: 0,
    waitingFrom: 0,
    expiring: 0,
    schedules: { version: 0, rows: "" },
    lanes: { steer: lane(), queue: lane() },
    later: [],
    expiries: [],
    parked: 0,
    continued: 0,
    timers: 0,
    awaiting: 0,
    lookAt: 0,
    parking: { head: 0, tail: 0, places: new Map() },
  };
}

function nothingHappened() {
  return {
    epoch: 0,
    sweeps: 0,
    warmNode: null,
    warmUntil: 0,
    position: 0,
    digest: GENESIS_DIGEST,
    state: null,
    hold: null,
    last: null,
    chores: [],
    inputs: new Map(),
    admissions: [],
    keys: new Map(),
    scopes: new Map(),
    scopeRing: newRing(),
    receipts: [],
    outputs: new Map(),
    runs: new Map(),
    journals: new Map(),
    checkpoints: new Map(),
    resumptions: new Map(),
    streams: newStreamsData(),
    events: [],
    cursor: 0,
    deadLetters: [],
    deadLetterCount: 0,
    openLetters: 0,
    trimmedEvents: 0,
    trimmedInputs: 0,
    trimmedReceipts: 0,
    left: new Map(),
    leftFrom: 0,
    leftTo: 0,
    endings: new Map(),
    reports: new Map(),
    requests: newRing(),
    drain: newDrainData(),
    leave: null,
    unregistered: new Map(),
    isAway: false,
    resumeRequests: new Map(),
    followers: [],
    registry: null,
    lives: new Map(),
    isOwing: false,
  };
}
