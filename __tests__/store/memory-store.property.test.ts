import fc from "fast-check";
import { MemoryStore } from "../../src/store/index.js";
import { ExpiryQueue } from "../../src/store/memory/expiry-queue.js";
import { networkHash } from "../../src/store/memory/client-hash.js";
import { Clock } from "../support/clock.js";

describe("MemoryStore against naive models", () => {
  test("hit is an exact sliding window for any times, weights, notes and limits", () => {
    const step = fc.record({
      wait: fc.oneof(fc.constantFrom(0, 1, 999, 1000, 5000), fc.nat(6000)),
      weight: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
      note: fc.option(fc.string(), { nil: undefined }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 12 }),
        fc.array(step, { maxLength: 60 }),
        (window, limit, steps) => {
          const clock = new Clock();
          const store = new MemoryStore({ now: clock.now });
          let model: { at: number; weight: number; note: string | undefined }[] = [];
          for (const { wait, weight, note } of steps) {
            clock.advance(wait / 1000);
            const now = clock.now();
            model = [...model, { at: now, weight: weight ?? 1, note }]
              .filter(({ at }) => now - at < window * 1000)
              .slice(-limit);
            expect(store.hit("hit:192.0.2.1", window, limit, { weight, note })).toEqual({
              count: model.reduce((sum, hit) => sum + hit.weight, 0),
              notes: model.flatMap((hit) => hit.note ?? []),
            });
          }
        },
      ),
    );
  });

  test("R31 a bounded namespace holds exactly what expiry and eviction leave", async () => {
    const MOST = 64;
    // Each key is a network of its own, so that none has more than its share.
    const key = fc.nat(95).map((number) => `cache:${number + 10}.0.0.1|x`);
    const command = fc.oneof(
      { weight: 8, arbitrary: fc.record({ do: fc.constant("set" as const), key, ttl: fc.nat(90) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const), key }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), seconds: fc.nat(4) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 150, maxLength: 400 }), async (commands) => {
        const clock = new Clock();
        const store = new MemoryStore({ now: clock.now, maxKeys: { cache: MOST } });
        // In the order of writing.
        const model = new Map<string, number>();
        for (const step of commands) {
          if (step.do === "wait") clock.advance(step.seconds);
          for (const [known, expires] of model) if (expires <= clock.now()) model.delete(known);
          if (step.do === "delete") expect(store.delete(step.key)).toBe(model.delete(step.key));
          if (step.do !== "set") continue;
          store.set(step.key, "1", step.ttl);
          if (!model.delete(step.key) && model.size === MOST)
            model.delete(model.keys().next().value as string);
          model.set(step.key, step.ttl === 0 ? Infinity : clock.now() + step.ttl * 1000);
        }
        const held: string[] = [];
        for await (const one of store.keys("cache")) held.push(one);
        expect(held.sort()).toEqual([...model.keys()].sort());
      }),
      { numRuns: 40 },
    );
  });

  test("the expiry queue always knows the soonest", () => {
    const SLOTS = 40;
    const command = fc.tuple(
      fc.nat(SLOTS - 1),
      fc.option(fc.oneof(fc.nat(50), fc.constant(Infinity)), { nil: undefined }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 300 }), (commands) => {
        const queue = new ExpiryQueue();
        queue.resize(SLOTS);
        const model = new Map<number, number>();
        for (const [slot, time] of commands) {
          if (time === undefined) queue.delete(slot);
          else queue.set(slot, time);
          if (time === undefined || time === Infinity) model.delete(slot);
          else model.set(slot, time);
          expect(queue.size).toBe(model.size);
          const soonest = Math.min(...model.values());
          const first = queue.expired(Number.MAX_VALUE);
          expect(first === undefined ? Infinity : queue.timeOf(first)).toBe(soonest);
          expect(queue.timeOf(slot)).toBe(model.get(slot) ?? Infinity);
        }
      }),
    );
  });
});

describe("the network of a key", () => {
  const same = (a: string, b: string) => networkHash(`hit:${a}|bb|*`) === networkHash(`hit:${b}|x`);

  test("is the /16 of IPv4 and the /48 of IPv6, however the zeros are written", () => {
    expect(same("203.0.113.7", "203.0.1.1")).toBe(true);
    expect(same("203.0.113.7", "203.1.113.7")).toBe(false);
    expect(same("2001:db8:1:2::/64", "2001:db8:1:ffff::/64")).toBe(true);
    expect(same("2001:db8:1:2::/64", "2001:db8:2:2::/64")).toBe(false);
    expect(same("2001:db8::/64", "2001:db8:0:7::/64")).toBe(true);
    expect(same("2001::/64", "2001:0:0:1::/64")).toBe(true);
    expect(same("2001:db8::/64", "2001:db8:1::/64")).toBe(false);
    expect(same("::/64", "::1/128")).toBe(true);
    expect(same("unknown", "other")).toBe(false);
  });
});
