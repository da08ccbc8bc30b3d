/**
 * Hints between processes over pub/sub: one channel a process, and one PUBLISH
 * per receiver and turn of the event loop, however many messages there are.
 *
 * Pub/sub loses messages silently. A process therefore sends itself a message
 * now and then; while that does not come back, `isHealthy` is false and whoever
 * waits polls.
 */
import type { NodeId } from "@holdfast/contracts";
import type { NodeMessage, Notifier, NotifierListener } from "@holdfast/runtime";
import type { Redis } from "ioredis";
import { joinWrites } from "../connection/redis-connection.ts";
import type { Keyspace } from "../layout/keys.ts";

/** How often a process checks that messages reach it, and how long it waits for the answer. */
const PROBE_EVERY_MS = 5_000;
const PROBE_PATIENCE_MS = 2_000;

type Wire = NodeMessage | { readonly type: "probe" };

/** The notifier on Redis. */
export class RedisNotifier implements Notifier {
  readonly #publisher: Redis;
  readonly #subscriber: Redis;
  readonly #keys: Keyspace;
  readonly #outbox = new Map<NodeId, Wire[]>();
  #node: NodeId | null = null;
  #listener: NotifierListener | null = null;
  #isHealthy = false;
  #probe: NodeJS.Timeout | null = null;
  #patience: NodeJS.Timeout | null = null;

  constructor(options: { readonly publisher: Redis; readonly subscriber: Redis; readonly keys: Keyspace }) {
    this.#publisher = options.publisher;
    this.#subscriber = options.subscriber;
    this.#keys = options.keys;
  }

  publish(node: NodeId, message: NodeMessage): void {
    this.#post(node, message);
  }

  async subscribe(node: NodeId, listener: NotifierListener): Promise<void> {
    this.#node = node;
    this.#listener = listener;
    this.#subscriber.on("message", (_channel, text) => this.#receive(text));
    this.#subscriber.on("close", () => this.#setHealth(false));
    // ioredis subscribes again by itself; what was sent in between is lost.
    this.#subscriber.on("ready", () => this.#sendProbe());
    await this.#subscriber.subscribe(this.#keys.channel(node));
    this.#isHealthy = true;
    this.#probe = setInterval(() => this.#sendProbe(), PROBE_EVERY_MS);
    this.#probe.unref();
  }

  isHealthy(): boolean {
    return this.#isHealthy;
  }

  async close(): Promise<void> {
    if (this.#probe !== null) clearInterval(this.#probe);
    if (this.#patience !== null) clearTimeout(this.#patience);
    this.#listener = null;
    this.#flush();
    this.#subscriber.disconnect();
  }

  #post(node: NodeId, message: Wire): void {
    const waiting = this.#outbox.get(node);
    if (waiting !== undefined) {
      waiting.push(message);
      return;
    }
    this.#outbox.set(node, [message]);
    if (this.#outbox.size === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    joinWrites(this.#publisher);
    for (const [node, messages] of this.#outbox) {
      // A hint that cannot be sent is a hint lost; nobody waits for it.
      this.#publisher.publish(this.#keys.channel(node), JSON.stringify(messages)).catch(() => {});
    }
    this.#outbox.clear();
  }

  #receive(text: string): void {
    for (const message of JSON.parse(text) as Wire[]) {
      if (message.type === "probe") this.#setHealth(true);
      else this.#listener?.onMessage(message);
    }
  }

  #sendProbe(): void {
    if (this.#node === null) return;
    this.#post(this.#node, { type: "probe" });
    this.#patience ??= setTimeout(() => {
      this.#patience = null;
      this.#setHealth(false);
    }, PROBE_PATIENCE_MS).unref();
  }

  #setHealth(isHealthy: boolean): void {
    const isRegained = isHealthy && !this.#isHealthy;
    this.#isHealthy = isHealthy;
    if (isHealthy && this.#patience !== null) {
      clearTimeout(this.#patience);
      this.#patience = null;
    }
    if (isRegained) this.#listener?.onGap();
  }
}
