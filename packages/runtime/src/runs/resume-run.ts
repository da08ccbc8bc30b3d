import { AppError, DEFAULT_INPUT_LIMITS, type SessionRef } from "@holdfast/contracts";
import { canonicalJson, findJsonFault } from "@holdfast/domain";
import type { ResumeRunCommand, RunsApi } from "../api/runs.ts";
import { assertRequestId } from "../control/assert-command.ts";
import type { Waker } from "../ingress/waker.ts";
import type { OutputGate } from "../publish/output-gate.ts";
import type { RuntimeContext } from "../runtime-context.ts";

/** What resuming needs beside the world. */
export interface RunsParts {
  readonly context: RuntimeContext;
  readonly publish: OutputGate;
  readonly waker: Waker;
}

/** The methods about runs. */
export function bindRuns(parts: RunsParts): RunsApi {
  return { resumeRun: (ref, command) => resumeRun(parts, ref, command) };
}

async function resumeRun(parts: RunsParts, ref: SessionRef, command: ResumeRunCommand): Promise<void> {
  const { runId, requestId, value = null } = command;
  assertRequestId(requestId);
  const fault = findJsonFault(value, DEFAULT_INPUT_LIMITS);
  if (fault !== null) {
    throw new AppError("request.invalid", { message: `the value is no JSON: ${fault.kind} at ${fault.path}` });
  }
  const { control } = parts.context.store;
  const reply = await control.resume({ ref, requestId, runId, value: canonicalJson(value) });
  if (reply.kind === "missing") throw new AppError("session.not_found");
  if (reply.kind === "not_suspended") {
    throw new AppError("run.not_suspended", { details: { runId, status: reply.status } });
  }
  const { wake, followers, cursor } = reply;
  parts.publish({ ref, settled: [], followers, cursor });
  parts.waker.wake(ref, wake);
}
