import { openBareScripts } from "./side/bare-scripts.ts";
import { openBullmqSender } from "./side/bullmq-sender.ts";
import { openBullmqWorker } from "./side/bullmq-worker.ts";
import { openEphemeral } from "./side/ephemeral.ts";
import { openHoldfastSender } from "./side/holdfast-sender.ts";
import { openHoldfastWorker } from "./side/holdfast-worker.ts";

const ROLES = {
  "holdfast-sender": openHoldfastSender,
  "holdfast-worker": openHoldfastWorker,
  "bullmq-sender": openBullmqSender,
  "bullmq-worker": openBullmqWorker,
  "bare-scripts": openBareScripts,
  ephemeral: openEphemeral,
} as const;

/** What a process of the bench can be. */
export type RoleName = keyof typeof ROLES;

/** How a role is opened. */
export type RoleOptions<N extends RoleName> = Parameters<(typeof ROLES)[N]>[0];

/** What a role offers. */
export type RoleOf<N extends RoleName> = Awaited<ReturnType<(typeof ROLES)[N]>>;

/** Opens a role in this process. */
export function openRole<N extends RoleName>(name: N, options: RoleOptions<N>): Promise<RoleOf<N>> {
  return (ROLES[name] as (options: RoleOptions<N>) => Promise<unknown>)(options) as Promise<RoleOf<N>>;
}
