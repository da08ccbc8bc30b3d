import type { InputId, SessionRef } from "@holdfast/contracts";
import type { Sha256 } from "../ports/sha256.ts";

/** 144 bits of SHA-256 in base64url. */
const CHARACTERS = 24;

/** The id of an input that follows from its session and from what it is of, so that whoever makes it again makes the same. */
export function derivedInputId(sha256: Sha256, ref: SessionRef, of: readonly string[]): InputId {
  const digest = sha256(JSON.stringify([ref.tenantId, ref.sessionId, ...of]));
  return `inp_${digest.slice(0, CHARACTERS)}` as InputId;
}
