/** What a command must have before the store sees it: types end where a process of another language begins. */
import { AppError, ControlVerb, RequestId } from "@holdfast/contracts";

const Verb = ControlVerb.exclude(["interrupt"]);

/** Refuses what no later repeat could be recognised by. @throws id.invalid */
export function assertRequestId(requestId: RequestId): void {
  const fault = RequestId.safeParse(requestId).error?.issues[0];
  if (fault !== undefined) throw new AppError("id.invalid", { message: `the request id ${fault.message}` });
}

/** Refuses verbs that do not exist. @throws request.invalid, which names those that do */
export function assertVerb(verb: string): void {
  if (Verb.safeParse(verb).success) return;
  const message = `there is no verb ${JSON.stringify(String(verb))}; there are ${Verb.options.join(", ")}`;
  throw new AppError("request.invalid", { message, details: { verbs: Verb.options } });
}
