import { MemoryStore, StoreFullError, type StoreChange } from "../../src/store/index.js";
import { Sweeper } from "../../src/store/memory/sweeper.js";
import { Clock } from "../support/clock.js";

async function listed(
  store: MemoryStore,
  namespace: "hit" | "cache" | "ban" | "spent" | "state",
): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of store.keys(namespace)) keys.push(key);
  return keys.sort();
}

describe("MemoryStore", () => {
  test("answers at once, never with a promise", () => {
    const store = new MemoryStore();
    store.set("ban:192.0.2.1", "1", 60);
    expect(store.get("ban:192.0.2.1")).toBe("1");
    expect(store.add("ban:192.0.2.1", "2", 60)).toBe(false);
    expect(store.increment("hit:192.0.2.1|n", 1, 60)).toBe(1);
    expect(store.hit("hit:192.0.2.1|w", 60, 10)).toEqual({ count: 1, notes: [] });
    expect(store.delete("ban:192.0.2.1")).toBe(true);
    expect(store.ttl("ban:192.0.2.1")).toBeUndefined();
  });

  test("refuses keys without a known namespace, and times that are none", () => {
    const store = new MemoryStore();
    expect(() => store.set("bans:192.0.2.1", "1")).toThrow(TypeError);
    expect(() => store.get("192.0.2.1")).toThrow(TypeError);
    for (const ttl of [-1, NaN, Infinity])
      expect(() => store.set("ban:192.0.2.1", "1", ttl)).toThrow(RangeError);
    expect(() => store.hit("hit:a", 0, 10)).toThrow(RangeError);
    expect(() => store.hit("hit:a", 60, 0)).toThrow(RangeError);
    expect(() => store.hit("hit:a", 60, 10, { weight: 0.5 })).toThrow(RangeError);
    store.set("state:a", "text");
    expect(() => store.increment("state:a", 1, 0)).toThrow(TypeError);
    expect(() => store.hit("state:a", 60, 1)).toThrow(TypeError);
    expect(store.get("state:a")).toBe("text");
    expect(() => store.increment("state:b", Number.MAX_SAFE_INTEGER + 1, 0)).toThrow(RangeError);
  });

  test("lists all that is wrong with its options at once", () => {
    const wrong = { maxKeys: { ban: 0, hit: 1.5, hits: 3 }, now: 5, engin: "map", engine: "lru" };
    const thrown = (() => {
      try {
        return new MemoryStore(wrong as never);
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toBeInstanceOf(TypeError);
    expect(thrown).toMatchObject({ code: "ERR_BUNKER_OPTIONS" });
    const { problems } = thrown as { problems: { path: string; nearest?: string }[] };
    expect(problems.map(({ path }) => path).sort()).toEqual([
      "engin",
      "engine",
      "maxKeys.ban",
      "maxKeys.hit",
      "maxKeys.hits",
      "now",
    ]);
    expect(problems.find(({ path }) => path === "engin")?.nearest).toBe("engine");
    for (const maxKeys of [0, 99, -1, NaN, Infinity, 1e9, "1000", null]) {
      expect(() => new MemoryStore({ maxKeys: maxKeys as never })).toThrow(/maxKeys/);
    }
    expect(() => new MemoryStore({ maxKeys: undefined, now: undefined, engine: undefined })).not.toThrow();
  });

  test("shares one number out over the namespaces", () => {
    const store = new MemoryStore({ maxKeys: 260 });
    const fill = (namespace: "ban" | "state") => {
      let keys = 0;
      try {
        for (;;) store.set(`${namespace}:${keys++}`, "1");
      } catch (error) {
        expect(error).toBeInstanceOf(StoreFullError);
        return keys - 1;
      }
    };
    expect(fill("ban")).toBe(100);
    expect(fill("state")).toBe(10);
  });

  test("holds its keys until cleared, and clear tells listeners", () => {
    const store = new MemoryStore();
    const told: StoreChange[] = [];
    store.watch("ban", (change) => told.push(change));
    store.set("ban:192.0.2.1", "1");
    store.set("cache:192.0.2.1|x", "1");
    store.clear();
    expect(store.get("ban:192.0.2.1")).toBeUndefined();
    expect(store.get("cache:192.0.2.1|x")).toBeUndefined();
    expect(told).toContainEqual({ key: "ban:192.0.2.1", value: undefined, ttl: 0 });
    store.set("ban:192.0.2.1", "2");
    expect(told.at(-1)).toEqual({ key: "ban:192.0.2.1", value: "2", ttl: 0 });
  });

  test("tells of changes before the call returns, and neither of hits nor of what expires", () => {
    const clock = new Clock();
    const store = new MemoryStore({ now: clock.now });
    const told: unknown[] = [];
    store.watch("hit", ({ key, value, ttl }) => told.push([key, value, ttl]));
    store.hit("hit:192.0.2.1|w", 1, 10);
    store.increment("hit:192.0.2.1|n", 2, 1);
    expect(told).toEqual([["hit:192.0.2.1|n", "2", 1]]);
    clock.advance(1);
    store.hit("hit:192.0.2.2|w", 1, 10);
    expect(store.get("hit:192.0.2.1|n")).toBeUndefined();
    expect(told).toHaveLength(1);
  });

  test("lets a listener write to the store", () => {
    const store = new MemoryStore({ maxKeys: { cache: 2 } });
    const evicted: string[] = [];
    store.watch("cache", ({ key, value }) => {
      if (value !== undefined) return;
      evicted.push(key);
      if (evicted.length < 3) store.set(`cache:from listener ${evicted.length}`, "1");
    });
    for (const name of ["a", "b", "c"]) store.set(`cache:${name}`, "1");
    expect(evicted).toEqual(["cache:a", "cache:b", "cache:c"]);
    expect(store.get("cache:from listener 1")).toBe("1");
    expect(store.get("cache:from listener 2")).toBe("1");
  });

  test("works on as before after close, without a timer", () => {
    const clock = new Clock();
    const store = new MemoryStore({ now: clock.now });
    store.set("ban:192.0.2.1", "1", 60);
    store.close();
    store.close();
    expect(store.get("ban:192.0.2.1")).toBe("1");
    store.set("ban:192.0.2.2", "1", 60);
    clock.advance(60);
    expect(store.get("ban:192.0.2.2")).toBeUndefined();
  });

  test("keeps the process alive with no timer", () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const before = timers();
    const store = new MemoryStore();
    store.set("ban:192.0.2.1", "1", 60);
    store.hit("hit:192.0.2.1", 60, 1);
    expect(timers()).toBe(before);
  });
});

describe("MemoryStore's clock", () => {
  test("is adopted when the constructor was given none, and keys keep the seconds they had left", () => {
    const clock = new Clock(1000);
    const store = new MemoryStore();
    store.useClock(clock.now);
    expect(store.now()).toBe(1000);
    store.set("ban:192.0.2.1", "1", 60);
    store.hit("hit:192.0.2.1", 60, 10);
    clock.advance(20);
    const other = new Clock(5_000_000);
    store.useClock(other.now);
    expect(store.now()).toBe(5_000_000);
    expect(store.ttl("ban:192.0.2.1")).toBe(40);
    other.advance(39);
    expect(store.hit("hit:192.0.2.1", 60, 10).count).toBe(2);
    other.advance(1);
    expect(store.get("ban:192.0.2.1")).toBeUndefined();
  });

  test("stays what the constructor was given", () => {
    const clock = new Clock(1000);
    const store = new MemoryStore({ now: clock.now });
    store.useClock(() => 7);
    expect(store.now()).toBe(1000);
  });

  test("may be put back without hits leaving their order", () => {
    const clock = new Clock();
    const store = new MemoryStore({ now: clock.now });
    store.hit("hit:a", 60, 10, { note: "1" });
    clock.advance(-30);
    store.hit("hit:a", 60, 10, { note: "2" });
    clock.advance(60);
    expect(store.hit("hit:a", 60, 10, { note: "3" }).notes).toEqual(["1", "2", "3"]);
  });
});

describe("R31 budgets", () => {
  const clock = new Clock();
  const store = (maxKeys: NonNullable<ConstructorParameters<typeof MemoryStore>[0]>["maxKeys"]) =>
    new MemoryStore({ maxKeys, now: clock.now });

  test.each(["ban", "state"] as const)(
    "R31 nothing evicts a %s key; new ones are refused when full",
    async (namespace) => {
      const full = store({ ban: 3, state: 3, hit: 10, cache: 10, spent: 10 });
      for (const name of ["a", "b", "c"]) full.set(`${namespace}:${name}`, "1", 60);
      expect(() => full.set(`${namespace}:d`, "1", 60)).toThrow(StoreFullError);
      expect(() => full.add(`${namespace}:d`, "1", 60)).toThrow(
        expect.objectContaining({ code: "ERR_BUNKER_STORE_FULL", namespace }),
      );
      full.set(`${namespace}:b`, "2", 120);
      for (let flood = 0; flood < 1000; flood++) {
        full.hit(`hit:198.51.${flood >> 8}.${flood & 255}|bb|*`, 60, 10);
        full.set(`cache:198.51.${flood >> 8}.${flood & 255}|x`, "1", 60);
      }
      expect(await listed(full, namespace)).toEqual(["a", "b", "c"].map((name) => `${namespace}:${name}`));
      expect(full.get(`${namespace}:b`)).toBe("2");
      clock.advance(60);
      full.set(`${namespace}:d`, "1", 60);
      expect(await listed(full, namespace)).toEqual([`${namespace}:b`, `${namespace}:d`]);
    },
  );

  test.each(["hit", "cache"] as const)(
    "R31 a full %s namespace lets go of what has expired, then of the oldest",
    async (namespace) => {
      const full = store({ hit: 4, cache: 4 });
      full.set(`${namespace}:a`, "1", 600);
      full.set(`${namespace}:b`, "1", 60);
      full.set(`${namespace}:c`, "1", 600);
      full.set(`${namespace}:d`, "1", 600);
      clock.advance(60);
      full.set(`${namespace}:e`, "1", 600);
      expect(await listed(full, namespace)).toEqual(
        ["a", "c", "d", "e"].map((name) => `${namespace}:${name}`),
      );
      // Written again, so no longer the oldest.
      full.set(`${namespace}:a`, "2", 600);
      const told: StoreChange[] = [];
      full.watch(namespace, (change) => told.push(change));
      full.set(`${namespace}:f`, "1");
      expect(await listed(full, namespace)).toEqual(
        ["a", "d", "e", "f"].map((name) => `${namespace}:${name}`),
      );
      expect(told).toEqual([
        { key: `${namespace}:c`, value: undefined, ttl: 0 },
        { key: `${namespace}:f`, value: "1", ttl: 0 },
      ]);
    },
  );

  test("R31 hit and cache never throw, however full, and stay within their budgets", async () => {
    const full = store({ hit: 500, cache: 500 });
    for (let flood = 0; flood < 20_000; flood++) {
      const address = `${1 + (flood % 200)}.${(flood >> 3) & 255}.${flood & 255}.7`;
      full.hit(`hit:${address}|bb|*`, 60, 10);
      full.increment(`hit:${address}|bb|bans`, 1, 0);
      full.add(`cache:${address}|dnsbl`, "clean", 3600);
      if (flood % 100 === 0) clock.advance(1);
    }
    expect((await listed(full, "hit")).length).toBeLessThanOrEqual(500);
    expect((await listed(full, "cache")).length).toBeLessThanOrEqual(500);
  });

  test("R31 a flood of 404s from one /48 pushes out its own counters, not those of others", () => {
    const full = store({ ban: 10, hit: 1000 });
    full.set("ban:203.0.113.9", "1");
    const others = Array.from(
      { length: 500 },
      (_, index) => `hit:${20 + (index % 100)}.${index >> 1}.0.1|bb|*`,
    );
    for (const other of others) full.hit(other, 60, 10);
    for (let flood = 0; flood < 65_536; flood += 7)
      full.hit(`hit:2001:db8:1:${(flood + 1).toString(16)}::/64|bb|*`, 60, 10);
    // Everybody else is still counted, and newcomers find room at the flood's expense.
    const newcomers = Array.from(
      { length: 400 },
      (_, index) => `hit:${130 + (index % 100)}.${index >> 1}.0.1|bb|*`,
    );
    for (const newcomer of newcomers) full.hit(newcomer, 60, 10);
    const counts = [...others, ...newcomers].map((key) => full.hit(key, 60, 10).count);
    // Networks are told apart by hash: of these 900, 0.05 share the flood's group on average.
    expect(counts.filter((count) => count < 2).length).toBeLessThanOrEqual(3);
    expect(full.get("ban:203.0.113.9")).toBe("1");
  });

  test("R31 a flood of free wrong answers uses up its own quota of spent ids, not the others' room", () => {
    const full = store({ spent: 12_800 });
    const spend = (client: string, id: number) => full.add(`spent:${client}|${id}`, "1", 120);
    // One client: 1/128 of the room.
    for (let id = 0; id < 100; id++) expect(spend("203.0.113.7", id)).toBe(true);
    expect(() => spend("203.0.113.7", 100)).toThrow(StoreFullError);
    expect(spend("203.0.113.7", 5)).toBe(false);
    // One /48: 1/16 of the room.
    let taken = 0;
    const refusals = new Set<unknown>();
    for (let flood = 0; flood < 4096; flood++) {
      try {
        if (spend(`2001:db8:1:${(flood + 1).toString(16)}::/64`, flood)) taken++;
      } catch (error) {
        refusals.add((error as StoreFullError).code);
      }
    }
    expect([...refusals]).toEqual(["ERR_BUNKER_STORE_FULL"]);
    expect(taken).toBeGreaterThan(700);
    expect(taken).toBeLessThanOrEqual(800);
    // Clients and networks are told apart by hash: of 1000 people, 0.02 share a counter with the flood on average.
    let refused = 0;
    for (let person = 0; person < 1000; person++) {
      try {
        spend(`${20 + (person % 100)}.${person >> 2}.1.1`, person);
      } catch {
        refused++;
      }
    }
    expect(refused).toBeLessThanOrEqual(3);
    // What was spent stays spent, and its time up, the quota is free again.
    expect(spend("203.0.113.7", 0)).toBe(false);
    clock.advance(120);
    expect(spend("203.0.113.7", 100)).toBe(true);
    expect(spend("2001:db8:1:1::/64", 70_000)).toBe(true);
  });

  test("R31 ids of guesses have a budget and quotas of their own: they take no room from proofs of work", async () => {
    const full = store({ spent: 1600 });
    const add = (key: string): boolean | string => {
      try {
        return full.add(key, "1", 120);
      } catch (error) {
        return (error as StoreFullError).code;
      }
    };
    const FULL = "ERR_BUNKER_STORE_FULL";
    // From many networks: half of the budget of proofs, beside it.
    let taken = 0;
    for (let flood = 0; flood < 4000; flood++)
      if (add(`spent:${20 + (flood & 127)}.${flood >> 5}.0.1|guess|${flood}`) === true) taken++;
    expect(taken).toBe(800);
    expect(add("spent:203.0.113.7|guess|a")).toBe(FULL);
    for (let person = 0; person < 1600; person++)
      expect(add(`spent:${20 + (person & 127)}.${person >> 5}.0.1|${person}`)).toBe(true);
    expect(add("spent:203.0.113.7|a")).toBe(FULL);
    expect((await listed(full, "spent")).length).toBe(2400);
    clock.advance(120);
    // From one network, its quota of guesses leaves that of proofs.
    const client = "203.0.113.7";
    for (let guess = 0; guess < 16; guess++) expect(add(`spent:${client}|guess|${guess}`)).toBe(true);
    expect(add(`spent:${client}|guess|16`)).toBe(FULL);
    expect(add(`spent:${client}|proof`)).toBe(true);
  });

  test("R31 an unexpired spent id is never evicted: new ones are refused when full", () => {
    const full = store({ spent: 200 });
    const key = (index: number) => `spent:${10 + index}.${index % 250}.0.1|id`;
    for (let index = 0; index < 200; index++) expect(full.add(key(index), "1", 60 + index)).toBe(true);
    expect(() => full.add(key(200), "1", 60)).toThrow(StoreFullError);
    for (let index = 0; index < 200; index++) expect(full.add(key(index), "1", 60)).toBe(false);
    clock.advance(60);
    expect(full.add(key(200), "1", 600)).toBe(true);
    expect(() => full.add(key(201), "1", 60)).toThrow(StoreFullError);
  });
});

describe("Sweeper", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test("goes on in short pauses while there is more, rests, and stops when nothing is left", () => {
    const answers = ["more", "more", "later", "nothing"] as const;
    let calls = 0;
    const sweep = () => answers[calls++] ?? "nothing";
    const sweeper = new Sweeper(sweep);
    sweeper.wake();
    sweeper.wake();
    jest.advanceTimersByTime(5000);
    expect(calls).toBe(1);
    jest.advanceTimersByTime(40);
    expect(calls).toBe(3);
    jest.advanceTimersByTime(5000);
    expect(calls).toBe(4);
    jest.advanceTimersByTime(60_000);
    expect(calls).toBe(4);
    sweeper.wake();
    jest.advanceTimersByTime(5000);
    expect(calls).toBe(5);
  });

  test("stops for good when closed", () => {
    const sweep = jest.fn(() => "more" as const);
    const sweeper = new Sweeper(sweep);
    sweeper.wake();
    sweeper.close();
    sweeper.wake();
    jest.advanceTimersByTime(60_000);
    expect(sweep).not.toHaveBeenCalled();
  });
});
