import { describeStore, type TestRunner } from "../../src/store/describe-store.js";
import { MemoryStore, type HitOptions, type Store } from "../../src/store/index.js";
import { Clock } from "../support/clock.js";

interface Hooks {
  before: () => Promise<void>;
  after: () => Promise<void>;
}

/** Runs the kit on a store made by `create`; answers the names of the clauses that failed and how many there were. */
async function runKit(create: (clock: Clock) => Store, options: { watch?: boolean } = {}) {
  const tests: [string, () => Promise<void>][] = [];
  const hooks: Partial<Hooks> = {};
  const runner: TestRunner = {
    describe: (_name, body) => body(),
    it: (name, body) => tests.push([name, body]),
    beforeEach: (body) => (hooks.before = body),
    afterEach: (body) => (hooks.after = body),
  };
  const clock = new Clock();
  const make = () => ({ store: create(clock), advance: (seconds: number) => clock.advance(seconds) });
  describeStore("a store", make, { ...options, runner, exactClock: true });
  const failed: string[] = [];
  for (const [name, body] of tests) {
    await hooks.before?.();
    try {
      await body();
    } catch {
      failed.push(name);
    }
    await hooks.after?.();
  }
  return { failed, count: tests.length };
}

/** A good store with some methods replaced. */
function altered(change: (good: MemoryStore, clock: Clock) => Partial<Store>): (clock: Clock) => Store {
  return (clock) => {
    const good = new MemoryStore({ now: clock.now });
    return Object.assign(Object.create(good) as Store, change(good, clock));
  };
}

const later = () => new Promise((resolve) => setImmediate(resolve));

describe("describeStore", () => {
  beforeAll(() => void jest.spyOn(process, "emitWarning").mockImplementation());
  afterAll(() => jest.restoreAllMocks());

  test("passes a store that answers with promises", async () => {
    const store = altered((good) => ({
      get: async (key) => (await later(), good.get(key)),
      set: async (key, value, ttl) => {
        await later();
        good.set(key, value, ttl);
      },
      add: async (key, value, ttl) => (await later(), good.add(key, value, ttl)),
      hit: async (key, window, limit, options) => (await later(), good.hit(key, window, limit, options)),
      delete: async (key) => (await later(), good.delete(key)),
      close: async () => {
        await later();
      },
    }));
    const { failed, count } = await runKit(store);
    expect(failed).toEqual([]);
    expect(count).toBeGreaterThan(30);
  });

  test("passes a store without watch only when that is declared", async () => {
    const store = altered(() => ({ watch: undefined }));
    expect((await runKit(store)).failed).toContain(
      "reports set, add, increment and delete, with value and time to live",
    );
    expect((await runKit(store, { watch: false })).failed).toEqual([]);
  });

  test.each<[string, (good: MemoryStore, clock: Clock) => Partial<Store>, RegExp]>([
    [
      "adds in two steps",
      (good) => ({
        add: async (key, value, ttl) => {
          if (good.get(key) !== undefined) return false;
          await later();
          good.set(key, value, ttl);
          return true;
        },
      }),
      /one of 50 adds/,
    ],
    [
      "increments in two steps",
      (good) => ({
        increment: async (key, by, ttl) => {
          const sum = Number(good.get(key) ?? 0) + by;
          await later();
          good.set(key, String(sum), ttl);
          return sum;
        },
      }),
      /200 increments/,
    ],
    [
      "counts a hit on the boundary",
      (good) => ({ hit: (key, window, limit, options) => good.hit(key, window + 0.001, limit, options) }),
      /naive model/,
    ],
    [
      "forgets weights",
      (good) => ({
        hit: (key, window, limit, options) => good.hit(key, window, limit, { note: options?.note }),
      }),
      /by weight/,
    ],
    [
      "keeps more hits than the limit",
      (good) => ({
        hit: (key: string, window: number, limit: number, options?: HitOptions) =>
          good.hit(key, window, limit + 1, options),
      }),
      /newest `limit` hits/,
    ],
    [
      "reads times to live in milliseconds",
      (good) => ({ set: (key, value, ttl = 0) => good.set(key, value, ttl / 1000) }),
      /seconds a key has left/,
    ],
    [
      "never lets a key expire",
      (good) => ({ set: (key, value) => good.set(key, value) }),
      /never reads a key back/,
    ],
    [
      "keeps the old time to live",
      (good) => ({ set: (key, value, ttl) => good.set(key, value, good.ttl(key) ?? ttl) }),
      /writes over a key/,
    ],
    [
      "takes prefixes for patterns",
      (good) => ({
        async *keys(namespace, prefix = "") {
          const pattern = new RegExp(
            `^${namespace}:${prefix.replaceAll("*", ".*").replaceAll("\\", "\\\\")}`,
          );
          for await (const key of good.keys(namespace)) if (pattern.test(key)) yield key;
        },
      }),
      /prefixes literally/,
    ],
    [
      "says yes to every delete",
      (good) => ({ delete: (key) => good.delete(key) || true }),
      /returns whether it existed/,
    ],
    ["drops empty values", (good) => ({ get: (key) => good.get(key) || undefined }), /empty, long/],
    [
      "tells everything twice",
      (good) => ({
        watch: (namespace, listener) =>
          good.watch(namespace, (change) => {
            listener(change);
            listener(change);
          }),
      }),
      /reports set/,
    ],
    [
      "lets a listener's error out",
      (good) => {
        const broken: (() => void)[] = [];
        return {
          watch: (namespace, listener) => {
            broken.push(() => listener({ key: `${namespace}:x`, value: "1", ttl: 0 }));
            return good.watch(namespace, listener);
          },
          set: (key, value, ttl) => {
            good.set(key, value, ttl);
            for (const tell of broken) tell();
          },
        };
      },
      /when a listener throws/,
    ],
  ])("fails a store that %s", async (_what, change, clause) => {
    const { failed } = await runKit(altered(change));
    expect(failed).toContainEqual(expect.stringMatching(clause));
  });

  test("says what is missing when there is no test runner", () => {
    const given = globalThis.describe;
    try {
      (globalThis as { describe?: unknown }).describe = undefined;
      expect(() =>
        describeStore("a store", () => ({ store: new MemoryStore(), advance: () => undefined })),
      ).toThrow(/runner/);
    } finally {
      globalThis.describe = given;
    }
  });
});
