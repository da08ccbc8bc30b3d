/** Random lives of two hosts around one inbox: whatever happens to them, every message is admitted once, in order. */
import { createTestInbox, peerMessage } from "@holdfast/testkit";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { CommsInbox } from "../src/index.ts";
import { ref, unavailable, withSender } from "./support/bound-session.ts";
import { createWorld, type TestProcess, type World } from "./support/world.ts";

const RUNS = Number(process.env["HOLDFAST_DRAIN_RUNS"] ?? 60);

type Move =
  | { readonly kind: "send"; readonly count: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "wish" | "abort" | "kill" | "freeze" | "thaw" | "outage" | "replace"; readonly host: 0 | 1 };

const anyHost = fc.constantFrom(0 as const, 1 as const);
const anyMove: fc.Arbitrary<Move> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("send" as const), count: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.constantFrom(0, 1, 700, 4_000, 13_000, 301_000),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("wish" as const), host: anyHost }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "abort" as const,
        "kill" as const,
        "freeze" as const,
        "outage" as const,
        "replace" as const,
      ),
      host: anyHost,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("thaw" as const), host: anyHost }) },
);

it(`admit every message once and in order, over ${RUNS} of them [D44, D82, D83]`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyMove, { minLength: 5, maxLength: 40 }), async (moves) => {
      const life = await Life.begin();
      for (const move of moves) await life.make(move);

      expect(await life.end()).toEqual({ admitted: life.sent, waiting: [] });
    }),
    { numRuns: RUNS },
  );
});

interface Host {
  readonly process: TestProcess;
  inbox: CommsInbox;
  outages: number;
}

class Life {
  readonly sent: string[] = [];
  readonly #inbox = createTestInbox();
  readonly #world: World;
  readonly #hosts: [Host, Host];
  #started = 0;

  static async begin(): Promise<Life> {
    const { world } = await withSender(createWorld());
    const life = new Life(world, [] as never);
    for (const host of [0, 1] as const) await life.#start(host);
    return life;
  }

  private constructor(world: World, hosts: [Host, Host]) {
    this.#world = world;
    this.#hosts = hosts;
  }

  async make(move: Move): Promise<void> {
    if (move.kind === "send") return this.#send(move.count);
    if (move.kind === "wait") return this.#world.advance(move.ms);
    const host = this.#hosts[move.host];
    const { process } = host;
    switch (move.kind) {
      case "wish":
        void this.#wish(host);
        break;
      case "abort":
        void process.runtime.abortCommsDrain(ref).catch(() => {});
        break;
      case "replace":
        host.inbox = this.#view();
        void this.#wish(host);
        break;
      case "outage":
        host.outages = 3;
        break;
      case "kill":
        process.kill();
        await this.#start(move.host);
        break;
      case "freeze":
        process.freeze();
        break;
      case "thaw":
        process.thaw();
        break;
    }
    await this.#world.settle();
  }

  /** Hosts that live on long enough bring in everything there is. */
  async end(): Promise<{ readonly admitted: readonly string[]; readonly waiting: readonly string[] }> {
    for (const host of this.#hosts) {
      host.outages = 0;
      host.process.thaw();
    }
    await this.#world.advance(130_000);
    for (const host of this.#hosts) void this.#wish(host);
    await this.#world.advance(130_000);
    const { items } = await this.#world.store.archive.listInputs(ref, { after: 0, limit: 500 });
    const admitted = items.map(({ payload }) => (JSON.parse(payload) as { body: string }).body);
    for (const { process } of this.#hosts) process.kill();
    return { admitted, waiting: this.#inbox.waiting() };
  }

  #send(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      const body = `message ${this.sent.length + 1}`;
      this.sent.push(body);
      this.#inbox.send(peerMessage(body, { envelopeId: body }));
    }
    return this.#world.settle();
  }

  async #wish({ process, inbox }: Host): Promise<void> {
    await process.runtime.updatePeerIngressContext(ref, { keepAlive: true, comms: inbox }).catch(() => {});
  }

  /** The same inbox as another object. */
  #view(): CommsInbox {
    return { ...this.#inbox };
  }

  async #start(place: 0 | 1): Promise<void> {
    this.#started += 1;
    const host = { inbox: this.#view(), outages: 0 } as Host;
    const process = await this.#world.start(`host${this.#started}`, {
      wrap: (store) => ({
        ...store,
        ledger: {
          ...store.ledger,
          admit: async (command) => {
            const reply = await store.ledger.admit(command);
            if (host.outages > 0) {
              host.outages -= 1;
              unavailable();
            }
            return reply;
          },
        },
      }),
    });
    this.#hosts[place] = Object.assign(host, { process });
  }
}
