/** What inputs and events of a session take (D60). */
import { ROW_BYTES, SCRIPT_BATCH } from "@holdfast/contracts";
import type { Weights } from "@holdfast/runtime";
import type { SessionData } from "../session/session-data.ts";

/** A batch of them, latest first. */
export function weighHistory(session: SessionData, of: "inputs" | "events", before: number | null): Weights {
  const isInputs = of === "inputs";
  const latest = isInputs ? session.admitted : session.cursor;
  const trimmed = isInputs ? session.trimmedInputs : session.trimmedEvents;
  const from = before === null ? latest : Math.min(before - 1, latest);
  const till = Math.max(from - SCRIPT_BATCH, trimmed);
  const bytes: number[] = [];
  for (let n = from; n > till; n -= 1) bytes.push(isInputs ? weightOfInput(session, n) : weightOfEvent(session, n));
  return { bytes, before: till > trimmed ? till + 1 : null };
}

function weightOfEvent({ events }: SessionData, cursor: number): number {
  const stored = events[cursor - 1];
  if (stored === undefined) return 0;
  const { event } = stored;
  return ROW_BYTES + (event.type === "caller.event" ? bytesOf(JSON.stringify(event.payload)) : 0);
}

function weightOfInput({ admissions, inputs, outputs }: SessionData, admission: number): number {
  const inputId = admissions[admission - 1];
  const input = inputId === undefined ? undefined : inputs.get(inputId);
  if (input === undefined) return 0;
  const failure = input.failure === null ? "" : JSON.stringify(input.failure);
  return [input.payload, failure, outputs.get(input.position) ?? ""].map(bytesOf).reduce((a, b) => a + b, ROW_BYTES);
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}
