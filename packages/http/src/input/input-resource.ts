import { type InputResource, type InputStateResource, isoOf } from "@holdfast/contracts";
import type { InputStateView, InputView, Page } from "@holdfast/runtime";
import { type PageBody, pageBody } from "../routing/page-body.ts";

/** An input as the API shows it. */
function toInputResource(view: InputView): InputResource {
  return {
    inputId: view.inputId,
    admission: view.admission,
    status: view.status,
    policy: view.policy,
    attempts: view.attempts,
    failures: view.failures,
    losses: view.losses,
    runId: view.runId,
    notBeforeAt: view.notBeforeAt > 0 ? isoOf(view.notBeforeAt) : null,
    admittedAt: isoOf(view.admittedAt),
    failure: view.failure,
    outcome: view.outcome,
    input: view.input,
  };
}

/** An input with its history as the API shows it. */
export function toInputStateResource(view: InputStateView): InputStateResource {
  const history = view.history.map((entry) => ({ ...entry, at: isoOf(entry.at) }));
  return { ...toInputResource(view), history };
}

/** A page of inputs as the API shows it. */
export function toInputPage(page: Page<InputView>): PageBody<InputResource> {
  return pageBody(page, toInputResource);
}
