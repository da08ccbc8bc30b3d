import {
  type KindId,
  type ParsedInput,
  POLICY_VERSION,
  type PolicyColumns,
  type PolicyDecision,
  type SessionSettings,
  type Signal,
} from "@holdfast/contracts";
import { kindOf, requestedMode } from "../input/input-kind.ts";
import {
  CONSERVATIVE_ROW,
  POLICY_TABLE,
  type PolicyRow,
  type RequestedMode,
  SILENT_OVERRIDE,
  WITHOUT_WAKE_OVERRIDE,
} from "./policy-table.ts";

/** What a policy is resolved from. */
export interface PolicyRequest {
  readonly input: ParsedInput;
  readonly settings: SessionSettings;
  /** The sender wants the input staged for a later turn: nothing is woken, nothing interrupted. */
  readonly isWithoutWake: boolean;
}

/**
 * The decision for an input in both states of its session. Whoever admits it
 * picks the column by the state seen in the same atomic step and stores it; it
 * is never resolved again.
 */
export function resolvePolicy({ input, settings, isWithoutWake }: PolicyRequest): PolicyColumns {
  const kind = kindOf(input);
  const mode = requestedMode(input) ?? "none";
  const isSilenced = isSilent(input, settings);
  const name = `${kind}|${mode}|${isSilenced}|${isWithoutWake}`;
  const known = resolved.get(name) ?? columnsOf(policyRowOf(kind, mode), { isSilenced, isWithoutWake });
  resolved.set(name, known);
  return known;
}

/** What was resolved before: the table is small, and its answers are never changed. */
const resolved = new Map<string, PolicyColumns>();

function columnsOf(
  { both, idle, live }: typeof CONSERVATIVE_ROW,
  { isSilenced, isWithoutWake }: { readonly isSilenced: boolean; readonly isWithoutWake: boolean },
): PolicyColumns {
  const overrides: Partial<PolicyDecision> = {
    ...(isSilenced ? SILENT_OVERRIDE : {}),
    ...(isWithoutWake ? WITHOUT_WAKE_OVERRIDE : {}),
  };
  return Object.freeze({
    version: POLICY_VERSION,
    idle: Object.freeze({ ...both, ...idle, ...overrides }),
    live: Object.freeze({ ...both, ...live, ...overrides }),
  });
}

/** Both columns of the default table for a kind and a mode (Y1); a kind it does not know gets the conservative row. */
export function policyRowOf(kind: KindId | (string & {}), mode: RequestedMode): typeof CONSERVATIVE_ROW {
  const hasKind = ({ kinds }: PolicyRow) => kinds.some((known) => known === kind);
  return POLICY_TABLE.find((row) => hasKind(row) && row.modes.includes(mode)) ?? CONSERVATIVE_ROW;
}

/** A peer request whose intent is, exactly and case-sensitively, one of the session's silent intents. */
function isSilent(input: ParsedInput, settings: SessionSettings): boolean {
  if (input.kind !== "peer" || input.convention?.type !== "request") return false;
  return settings.silentIntents.includes(input.convention.intent);
}

/**
 * What the sender must do after an accepted admission. `wake` starts a session
 * at rest; `immediate` also reaches the holder of a run in progress, so that an
 * inbox is read or a yielding wait ends.
 *
 * A deduplicated or rejected admission never signals; that is the caller's part.
 */
export function signalFor(decision: PolicyDecision, isLive: boolean): Signal {
  if (decision.isImmediate) return "immediate";
  switch (decision.wake) {
    case "none":
      return "none";
    case "wake_if_idle":
      return "wake";
    case "interrupt_yielding":
      // Only the holder can end a wait of its own run, and only `immediate` reaches it.
      return isLive ? "immediate" : "wake";
  }
}
