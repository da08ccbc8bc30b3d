import type { CommsApi } from "../api/comms.ts";
import type { Drains } from "./drains.ts";

/** How a session hears its peers, bound to the drains of a process. */
export function bindComms(drains: Drains): CommsApi {
  return {
    updatePeerIngressContext: (ref, context) => drains.update(ref, context),
    sessionHasComms: (ref) => drains.hasComms(ref),
    inspectCommsDrain: (ref) => drains.inspect(ref),
    notifyCommsDrainExited: (ref, reason) => drains.notifyExited(ref, reason),
    abortCommsDrain: (ref) => drains.abort(ref),
    abortCommsDrains: () => drains.abortAll(),
    waitCommsDrain: (ref) => drains.wait(ref),
  };
}
