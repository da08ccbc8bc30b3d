import {
  type Admission,
  epochMsOf,
  type KindId,
  type Origin,
  type OverlapPolicy,
  overlapPolicyOf,
  type ParsedInput,
  PeerConvention,
} from "@holdfast/contracts";
import { OVERLAP_TABLE } from "../policy/overlap-table.ts";
import { inputKindOf, requestedMode } from "./input-kind.ts";

/** Why an input is refused whatever the session's state; the body of a `rejected` admission. */
export type AdmissionFault = Omit<Extract<Admission, { kind: "rejected" }>, "kind">;

/** Origins outside the system: what they say cannot be derived again from other facts. */
const NEVER_DERIVED_FROM: readonly Origin["type"][] = ["operator", "peer", "external"];

/** Kinds that somebody waits for, so none may be dropped when a holder dies. */
const NEVER_DERIVED: readonly KindId[] = [
  "prompt",
  "peer_message",
  "peer_request",
  "peer_response_terminal",
  "flow_step",
];

/**
 * Finds the first admission rule an input breaks, or `null`: durability by
 * origin, durability by kind, the handling mode of progress reports, what a
 * terminal response may say, the overlap policy asked for, then the times.
 */
export function findAdmissionFault(input: ParsedInput): AdmissionFault | null {
  for (const find of [findDurabilityFault, findModeFault, findTerminalFault, findOverlapFault, findExpiryFault]) {
    const fault = find(input);
    if (fault !== null) return fault;
  }
  return null;
}

/**
 * Finds what is wrong with the convention of a terminal peer response that no
 * schema has looked at yet, or `null`. A peer that answers badly gets a typed
 * answer, because its counterpart waits for this very response.
 */
export function findTerminalShapeFault(value: unknown): AdmissionFault | null {
  if (!isRecord(value) || value["kind"] !== "peer") return null;
  const convention = value["convention"];
  if (!isRecord(convention) || convention["type"] !== "response_terminal") return null;
  const parsed = PeerConvention.safeParse(convention);
  if (parsed.success) return null;
  const [issue] = parsed.error.issues;
  const place = ["convention", ...(issue?.path ?? [])].join(".");
  return terminalFault(`a terminal response is malformed at ${place}: ${issue?.message ?? ""}`);
}

function findTerminalFault(input: ParsedInput): AdmissionFault | null {
  if (input.kind !== "peer" || input.convention?.type !== "response_terminal") return null;
  if (input.convention.status !== "cancelled") return null;
  return terminalFault("a cancelled request has no response: nobody waits for one");
}

function terminalFault(detail: string): AdmissionFault {
  return { reason: "peer_terminal_invalid", detail };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function findDurabilityFault(input: ParsedInput): AdmissionFault | null {
  if (input.durability !== "derived") return null;
  const origin = input.source.type;
  if (NEVER_DERIVED_FROM.includes(origin)) return durabilityFault(`an input from origin ${origin} cannot be derived`);
  // Without a convention a peer input is handled as a message but promises nothing to anyone.
  if (input.kind === "peer" && input.convention === undefined) return null;
  const kind = inputKindOf(input);
  return NEVER_DERIVED.includes(kind) ? durabilityFault(`an input of kind ${kind} cannot be derived`) : null;
}

function durabilityFault(detail: string): AdmissionFault {
  return { reason: "durability_violation", detail };
}

function findModeFault(input: ParsedInput): AdmissionFault | null {
  if (inputKindOf(input) !== "peer_response_progress" || requestedMode(input) === null) return null;
  return { reason: "peer_handling_mode_invalid", detail: "a progress report cannot ask for a handling mode" };
}

/** Policies that are about the moment of admission. */
const NEVER_LATER: readonly OverlapPolicy[] = ["interrupt", "rollback", "drop"];

function findOverlapFault(input: ParsedInput): AdmissionFault | null {
  if (input.overlap === undefined) return null;
  const policy = overlapPolicyOf(input.overlap);
  const kind = inputKindOf(input);
  if (!OVERLAP_TABLE[policy].kinds.includes(kind))
    return overlapFault(`an input of kind ${kind} cannot ask for ${policy}`);
  const isLater = input.notBefore !== undefined && NEVER_LATER.includes(policy);
  return isLater ? overlapFault(`${policy} is decided on admission and goes with no notBefore`) : null;
}

function overlapFault(detail: string): AdmissionFault {
  return { reason: "overlap_invalid", detail };
}

function findExpiryFault({ notBefore, expiresAt }: ParsedInput): AdmissionFault | null {
  if (notBefore === undefined || expiresAt === undefined || epochMsOf(expiresAt) > epochMsOf(notBefore)) return null;
  return { reason: "expiry_invalid", detail: "the input would expire before it may be tried" };
}
