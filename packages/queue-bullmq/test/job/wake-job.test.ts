import type { SessionRef } from "@holdfast/contracts";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findRef, jobIdOf } from "../../src/job/wake-job.ts";

const anyRef = fc
  .record({ tenantId: fc.string({ unit: "grapheme" }), sessionId: fc.string({ unit: "grapheme" }) })
  .filter(({ tenantId, sessionId }) => tenantId !== "" && sessionId !== "") as unknown as fc.Arbitrary<SessionRef>;

describe("jobIdOf", () => {
  it("keeps every session, whatever its ids are", () => {
    fc.assert(
      fc.property(anyRef, fc.nat(), (ref, epoch) => {
        expect(findRef(jobIdOf({ ref, epoch }))).toEqual(ref);
      }),
    );
  });

  it("is nothing that BullMQ refuses or reads otherwise: an integer, a colon", () => {
    fc.assert(
      fc.property(anyRef, fc.nat(), (ref, epoch) => {
        const id = jobIdOf({ ref, epoch });
        expect(id).toMatch(/^[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.]\d+$/);
        expect(String(Number.parseInt(id, 10))).not.toBe(id);
      }),
    );
  });

  it("tells epochs and sessions apart", () => {
    fc.assert(
      fc.property(anyRef, anyRef, fc.nat(), fc.nat(), (one, other, epoch, later) => {
        const isSame = one.tenantId === other.tenantId && one.sessionId === other.sessionId && epoch === later;
        expect(jobIdOf({ ref: one, epoch }) === jobIdOf({ ref: other, epoch: later })).toBe(isSame);
      }),
    );
  });
});

describe("findRef", () => {
  it.each([undefined, "", "42", "a.b", "a.b.", ".b.1", "a.b.1.2", "repeat:x:1"])("sees that %s is no wake", (id) => {
    expect(findRef(id)).toBeNull();
  });
});
