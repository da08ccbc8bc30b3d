import type { DrainMode, SessionState } from "@holdfast/contracts";

/** What decides whether a session's inbox is to be drained. */
export interface DrainWish {
  readonly state: SessionState;
  /** This process has the session's inbox. */
  readonly hasComms: boolean;
  /** Whoever serves the session wants it to hear its peers. */
  readonly isKeepAlive: boolean;
}

/** Which drain serves a session with an inbox that is kept alive, by the state callers see. */
const DRAIN_OF_STATE: Readonly<Record<SessionState, DrainMode | null>> = {
  attached: "attached_session",
  running: "attached_session",
  recovering: "attached_session",
  idle: "persistent_host",
  retired: null,
  draining: null,
  stopped: null,
  destroyed: null,
};

/** The drain a session is to have, or `null` for none. */
export function desiredDrainMode({ state, hasComms, isKeepAlive }: DrainWish): DrainMode | null {
  return hasComms && isKeepAlive ? DRAIN_OF_STATE[state] : null;
}
