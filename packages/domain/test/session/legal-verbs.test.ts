import { type ControlVerb, SessionPhase } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { isFinalPhase, legalVerbs } from "../../src/session/legal-verbs.ts";

const atRest = { hasRun: false, isBusy: false, isBound: true, hasPending: false };
const atWork = { ...atRest, hasRun: true, isBusy: true };
const abandoned = { ...atRest, hasRun: true };

const ALL: readonly ControlVerb[] = ["retire", "recycle", "reset", "recover", "stop", "destroy", "interrupt"];
const without = (...verbs: readonly ControlVerb[]) => ALL.filter((verb) => !verbs.includes(verb));

describe("the legal verbs", () => {
  it.each<[SessionPhase, string, readonly ControlVerb[]]>([
    ["idle", "at rest", without("interrupt")],
    ["retired", "at rest", without("interrupt")],
    ["recovering", "at rest", ["reset", "recover", "stop", "destroy"]],
    ["draining", "at rest", ["stop", "destroy"]],
    ["stopped", "at rest", ["retire", "recover", "stop", "destroy"]],
    ["destroyed", "at rest", ["destroy"]],
  ])("of a session that is %s and %s", (phase, _standing, verbs) => {
    expect(legalVerbs(phase, atRest)).toEqual(verbs);
  });

  it.each<[SessionPhase, readonly ControlVerb[]]>([
    ["idle", without("recycle", "reset", "recover")],
    ["retired", without("recycle", "reset", "recover")],
    ["draining", ["stop", "destroy", "interrupt"]],
  ])("of a session that is %s and runs are those that end (S5)", (phase, verbs) => {
    expect(legalVerbs(phase, atWork)).toEqual(verbs);
  });

  it.each<SessionPhase>(["idle", "retired"])("of a session that is %s and lost its worker are all", (phase) => {
    expect(legalVerbs(phase, abandoned)).toEqual(ALL);
  });

  it("contain a verb whose phase is already reached", () => {
    expect(legalVerbs("retired", atRest)).toContain("retire");
    expect(legalVerbs("stopped", atRest)).toContain("stop");
    expect(legalVerbs("destroyed", atRest)).toContain("destroy");
  });
});

it("takes destroyed for the only phase that is never left (S3)", () => {
  expect(SessionPhase.options.filter(isFinalPhase)).toEqual(["destroyed"]);
});
