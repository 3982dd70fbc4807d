import fc from "fast-check";
import type { HistoryRange } from "../../src/history/index.js";
import { HeavyHitters, mergeHitters } from "../../src/history/heavy-hitters.js";
import { medianOf, solveTimeBucket } from "../../src/history/solve-times.js";
import { Clock } from "../support/clock.js";
import { event, record, type Recording } from "./recording.js";
import { TallyClient, TallyServer, type Fate } from "./tally-store.js";

const RANGES: readonly HistoryRange[] = ["1h", "24h", "7d", "30d"];

type Step =
  | { readonly do: "request" | "deny" | "solve" | "ban"; readonly on: 0 | 1; readonly label: number }
  | { readonly do: "flush"; readonly on: 0 | 1; readonly fates: readonly Fate[] }
  | { readonly do: "read"; readonly on: 0 | 1 }
  | { readonly do: "wait"; readonly seconds: number };

const on = fc.constantFrom<0 | 1>(0, 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom("request", "deny", "solve", "ban"),
      on,
      // More labels than one bucket has room for.
      label: fc.nat(150),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("flush"),
      on,
      fates: fc.array(fc.constantFrom<Fate>("done", "lost", "unanswered"), { maxLength: 12 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("read"), on }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait"), seconds: fc.constantFrom(1, 29, 50) }) },
);

/** What was emitted. */
interface Emitted {
  requests: number;
  denied: number;
  solved: number;
  banned: number;
}

function emit({ events, meter }: Recording, { do: what, label }: { do: string; label: number }): void {
  const service = `s${label}`;
  if (what === "request") meter.requested("pass", service, "block", true);
  else if (what === "deny")
    meter.refused(
      "denied",
      { protection: `p${label % 7}`, reason: `r${label}`, data: {} },
      { service, mode: "block" },
      { ip: `9.9.9.${label}`, id: "", method: "GET", path: { path: "/" } },
    );
  else if (what === "solve")
    events.emit(event({ type: "solved", service, data: { kind: `k${label}`, seconds: label } }));
  else events.emit(event({ type: "banned", service, reason: `r${label}`, ip: `9.9.9.${label}` }));
}

describe("the sums over all buckets equal what was emitted", () => {
  test("for any interleaving of events, flushes, failures, repetitions and reads of two instances", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clock = new Clock();
        const server = new TallyServer(clock.now);
        const clients = [new TallyClient(server), new TallyClient(server)] as const;
        const [one, other] = clients.map((store) => record({ store }, clock)) as [Recording, Recording];
        const emitted: Emitted = { requests: 0, denied: 0, solved: 0, banned: 0 };
        const names = { request: "requests", deny: "denied", solve: "solved", ban: "banned" } as const;
        for (const next of steps) {
          const instance = "on" in next && next.on === 1 ? other : one;
          if (next.do === "wait") clock.advance(next.seconds);
          else if (next.do === "read") await instance.history.counts("1h");
          else if (next.do === "flush") {
            const fates = [...next.fates];
            clients[next.on].fate = () => fates.shift() ?? "done";
            await instance.history.flush();
          } else {
            emit(instance, next);
            emitted[names[next.do]]++;
          }
        }
        for (const client of clients) client.fate = () => "done";
        for (const { history } of [one, other]) await history.flush();
        for (const { history } of [one, other]) {
          for (const range of RANGES) {
            const { now, points, problem } = await history.counts(range);
            expect(problem).toBeUndefined();
            expect(now).toMatchObject(emitted);
            const total = points.reduce((sum, point) => sum + point.requests, 0);
            expect(total).toBe(emitted.requests);
            const byService = now.services.reduce((sum, { banned }) => sum + banned, 0);
            expect(byService).toBe(emitted.banned);
          }
          await history.close();
        }
      }),
      { numRuns: 40 },
    );
  });

  test("for one instance whose store is in memory", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        const one = record();
        const emitted: Emitted = { requests: 0, denied: 0, solved: 0, banned: 0 };
        const names = { request: "requests", deny: "denied", solve: "solved", ban: "banned" } as const;
        for (const next of steps) {
          if (next.do === "wait") one.clock.advance(next.seconds);
          else if (next.do === "read" || next.do === "flush") await one.history.flush();
          else {
            emit(one, next);
            emitted[names[next.do]]++;
          }
        }
        expect((await one.history.counts("24h")).now).toMatchObject(emitted);
        await one.history.close();
      }),
      { numRuns: 40 },
    );
  });
});

test("a bounded list of the most frequent items never leaves out a frequent one, and says how wrong it may be", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(40), { maxLength: 400 }),
      fc.integer({ min: 2, max: 12 }),
      (stream, capacity) => {
        const list = new HeavyHitters(capacity);
        const exact = new Map<string, number>();
        for (const item of stream.map(String)) {
          list.add(item);
          exact.set(item, (exact.get(item) ?? 0) + 1);
        }
        const found = new Map(list.top(capacity).map((one) => [one.item, one]));
        expect(found.size).toBeLessThanOrEqual(capacity);
        for (const [item, count] of exact)
          if (count > stream.length / capacity) expect(found.has(item)).toBe(true);
        for (const [item, { count, error }] of found) {
          expect(count).toBeGreaterThanOrEqual(exact.get(item) ?? 0);
          expect(count - error).toBeLessThanOrEqual(exact.get(item) ?? 0);
        }
      },
    ),
  );
});

test("lists of several instances are added up", () => {
  const one = [
    { item: "a", count: 3, error: 1 },
    { item: "b", count: 2, error: 0 },
  ];
  const other = [{ item: "b", count: 4, error: 1 }];
  expect(mergeHitters([one, other])).toEqual([
    { item: "b", count: 6, error: 1 },
    { item: "a", count: 3, error: 1 },
  ]);
});

test("the median solve time is in the bucket of the exact median", () => {
  const times = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 1, maxLength: 99 });
  fc.assert(
    fc.property(times, (seconds) => {
      const buckets = new Map<number, number>();
      for (const time of seconds) {
        const bucket = solveTimeBucket(time);
        buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
      }
      const sorted = [...seconds].sort((one, other) => one - other);
      const exact = sorted[Math.ceil(sorted.length / 2) - 1] as number;
      const bucket = solveTimeBucket(exact);
      const median = medianOf(buckets) as number;
      expect(median).toBeLessThanOrEqual(0.1 * 1.6 ** bucket * 1.000_001);
      expect(median).toBeGreaterThanOrEqual(bucket === 0 ? 0 : 0.1 * 1.6 ** (bucket - 1) * 0.999_999);
    }),
  );
  expect(medianOf(new Map())).toBeUndefined();
});
