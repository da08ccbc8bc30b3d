import { createHash } from "node:crypto";
import type { Sha256 } from "../ports/sha256.ts";

/** SHA-256 by OpenSSL. */
export const sha256: Sha256 = (text) => createHash("sha256").update(text).digest("base64url");
