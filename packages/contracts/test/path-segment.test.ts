import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodePathSegment, findUserIdFault, pathSegment, SessionId } from "../src/index.ts";

const segment = pathSegment(SessionId);

/** What a client makes of a URL before it sends it, and a server of the segment. */
function arrive(encoded: string): string {
  const { pathname } = new URL(`http://host/v1/sessions/${encoded}/inputs`);
  return decodeURIComponent(pathname.split("/")[3] as string);
}

const anyId = fc
  .oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
    fc.string({ unit: fc.constantFrom(".", "~", "/", "%", "2", "e", "\\", "?", "#", "é"), minLength: 1, maxLength: 6 }),
  )
  .filter((text) => findUserIdFault(text) === null);

describe("a session id in a path", () => {
  it("arrives as it was sent, whatever it is (A7)", () => {
    fc.assert(
      fc.property(anyId, (id) => {
        expect(segment.parse(arrive(encodePathSegment(id)))).toBe(id);
      }),
      { examples: [["."], [".."], ["~"], ["~Li4"], ["%2e%2e"], ["a/../b"], ["chat/42"], ["\u{FEFF}"], ["größe"]] },
    );
  });

  it("may be sent in base64url even where it need not be", () => {
    expect(segment.parse("~Y2hhdC80Mg")).toBe("chat/42");
  });

  it("stays readable where it can", () => {
    expect(encodePathSegment("chat/42")).toBe("chat%2F42");
    expect(encodePathSegment("..")).toBe("~Li4");
  });

  it.each(["~", "~Li4=", "~Li5", "~%", "~_w", "~AA", "~chat 42"])("is refused as %j (A7)", (text) => {
    expect(segment.safeParse(text).success).toBe(false);
  });
});
