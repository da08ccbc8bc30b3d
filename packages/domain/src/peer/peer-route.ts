import type { PeerCandidate, PeerClass } from "@holdfast/contracts";

/**
 * What a drain does with a candidate: nothing; admit it so that the model
 * knows; or admit it and tell its subscriber how it ended.
 */
export type PeerRoute = "ignore" | "accept" | "accept_and_answer";

const ROUTES: Readonly<Record<PeerClass, PeerRoute>> = {
  ack: "ignore",
  peer_added: "accept",
  peer_retired: "accept",
  peer_unwired: "accept",
  response: "accept_and_answer",
  silent_request: "accept_and_answer",
  kickoff_failed: "accept_and_answer",
  kickoff_cancelled: "accept_and_answer",
  actionable_message: "accept_and_answer",
  actionable_request: "accept_and_answer",
  plain_event: "accept_and_answer",
};

/** The route of a candidate, by its class alone; only an answer that is still to come is merely noted. */
export function peerRouteOf({ class: as, interaction: { content } }: PeerCandidate): PeerRoute {
  const isProgress = as === "response" && content.type === "response" && content.status === "accepted";
  return isProgress ? "accept" : ROUTES[as];
}
