import {
  type KindId,
  type OverlapPolicy,
  overlapPolicyOf,
  type ParsedInput,
  POLICY_VERSION,
  type PolicyColumns,
  type PolicyDecision,
  type SessionSettings,
  type Signal,
} from "@holdfast/contracts";
import { inputKindOf, requestedMode } from "../input/input-kind.ts";
import { overlapOf } from "./overlap-of.ts";
import { OVERLAP_TABLE } from "./overlap-table.ts";
import {
  CALM,
  CONSERVATIVE_ROW,
  POLICY_TABLE,
  type PolicyColumn,
  type PolicyRow,
  type RequestedMode,
  SILENT_OVERRIDE,
  WITHOUT_WAKE_OVERRIDE,
} from "./policy-table.ts";
import { strongestSignal } from "./signal.ts";

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
  const kind = inputKindOf(input);
  const overlap = overlapOf(input, settings);
  const policy = overlap === null ? null : overlapPolicyOf(overlap);
  const mode = (policy === null ? null : OVERLAP_TABLE[policy].mode) ?? requestedMode(input) ?? "none";
  const isSilenced = isSilent(input, settings);
  const hasKey = input.supersessionKey !== undefined;
  const name = `${kind}|${mode}|${isSilenced}|${isWithoutWake}|${policy}|${hasKey}`;
  const known = resolved.get(name) ?? columnsOf(policyRowOf(kind, mode), { isSilenced, isWithoutWake, policy, hasKey });
  resolved.set(name, known);
  return known;
}

/** What was resolved before: the table is small, and its answers are never changed. */
const resolved = new Map<string, PolicyColumns>();

interface Circumstances {
  readonly isSilenced: boolean;
  readonly isWithoutWake: boolean;
  readonly policy: OverlapPolicy | null;
  readonly hasKey: boolean;
}

function columnsOf({ both, idle, live }: typeof CONSERVATIVE_ROW, circumstances: Circumstances): PolicyColumns {
  const column = (own: PolicyColumn) => Object.freeze(decide({ ...both, ...own }, circumstances));
  return Object.freeze({ version: POLICY_VERSION, idle: column(idle), live: column(live) });
}

function decide(base: PolicyDecision, { isSilenced, isWithoutWake, policy, hasKey }: Circumstances): PolicyDecision {
  const row = policy === null ? null : OVERLAP_TABLE[policy];
  const decision = { ...base, ...row?.both, ...(hasKey ? {} : row?.keyless) };
  return {
    ...decision,
    ...(isSilenced ? SILENT_OVERRIDE : {}),
    ...(isWithoutWake ? WITHOUT_WAKE_OVERRIDE : {}),
    whenBusy: isSilenced || isWithoutWake ? CALM[decision.whenBusy] : decision.whenBusy,
  };
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
  const wakes = decision.wake === "wake_if_idle" ? "wake" : "none";
  return strongestSignal([needsAttention(decision, isLive) ? "immediate" : "none", wakes]);
}

/** Only the holder can end a wait of its own run, and only `immediate` reaches it. */
function needsAttention({ isImmediate, endsYieldingWait }: PolicyDecision, isLive: boolean): boolean {
  return isImmediate || (isLive && endsYieldingWait);
}
