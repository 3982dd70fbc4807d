import { strict as assert } from "node:assert";
import { assertCountedTo, concurrently, type Clauses } from "./clause.js";

/** Requirements on `increment` and `hit`. */
export const COUNTING: Clauses = {
  "increments from 0, by any whole number, and reads back as text": async ({ store, key }) => {
    assert.equal(await store.increment(key("hit"), 1, 60), 1);
    assert.equal(await store.increment(key("hit"), 41, 60), 42);
    assert.equal(await store.increment(key("hit"), -2, 60), 40);
    assert.equal(await store.get(key("hit")), "40");
    await store.set(key("state"), "7", 60);
    assert.equal(await store.increment(key("state"), 1, 60), 8);
  },
  "restarts a counter's time to live with each increment": async ({ store, key, advance }) => {
    await store.increment(key("hit"), 1, 1.5);
    await advance(1);
    assert.equal(await store.increment(key("hit"), 1, 1.5), 2);
    await advance(1);
    assert.equal(await store.increment(key("hit"), 1, 1.5), 3);
    await advance(1.5);
    assert.equal(await store.increment(key("hit"), 1, 0), 1);
    assert.equal(await store.ttl(key("hit")), 0);
  },
  "loses none of 200 increments made at once": async ({ store, key }) => {
    const sums = await concurrently(200, () => store.increment(key("hit"), 1, 60));
    assertCountedTo(200, sums);
  },
  "counts hits by weight and returns their notes, oldest first": async ({ store, key }) => {
    assert.deepEqual(await store.hit(key("hit"), 60, 10), { count: 1, notes: [] });
    assert.deepEqual(await store.hit(key("hit"), 60, 10, { note: "a" }), { count: 2, notes: ["a"] });
    const notes = ["a", "b|\n漢"];
    assert.deepEqual(await store.hit(key("hit"), 60, 10, { weight: 5, note: "b|\n漢" }), { count: 7, notes });
    assert.deepEqual(await store.hit(key("hit"), 60, 10, { weight: 2 }), { count: 9, notes });
  },
  "counts equal hits at the same moment separately": async ({ store, key }) => {
    await concurrently(5, () => store.hit(key("hit"), 60, 10, { note: "same" }));
    const { count, notes } = await store.hit(key("hit"), 60, 10, { note: "same" });
    assert.deepEqual({ count, notes }, { count: 6, notes: new Array<string>(6).fill("same") });
  },
  "loses none of 200 hits made at once": async ({ store, key }) => {
    const counts = await concurrently(200, async () => (await store.hit(key("hit"), 60, 1000)).count);
    assertCountedTo(200, counts);
  },
  "slides the window: each hit leaves it individually": async ({ store, key, advance }) => {
    const counts = [];
    for (let second = 0; second < 6; second++) {
      const { count, notes } = await store.hit(key("hit"), 2.5, 10, { note: String(second) });
      counts.push([count, ...notes]);
      await advance(1);
    }
    assert.deepEqual(counts, [
      [1, "0"],
      [2, "0", "1"],
      [3, "0", "1", "2"],
      [3, "1", "2", "3"],
      [3, "2", "3", "4"],
      [3, "3", "4", "5"],
    ]);
  },
  "stops counting a hit that is exactly `window` seconds old": async ({ store, key, advance }) => {
    await store.hit(key("hit"), 2, 10);
    await advance(1);
    assert.equal((await store.hit(key("hit"), 2, 10)).count, 2);
    await advance(1);
    assert.equal((await store.hit(key("hit"), 2, 10)).count, 2);
  },
  "removes a window when its last hit has left it": async ({ store, key, advance }) => {
    await store.hit(key("hit"), 1, 10, { note: "old" });
    assert.ok(((await store.ttl(key("hit"))) ?? NaN) <= 1.01);
    await advance(1);
    assert.equal(await store.ttl(key("hit")), undefined);
    assert.deepEqual(await store.hit(key("hit"), 1, 10, { note: "new" }), { count: 1, notes: ["new"] });
  },
  "keeps at most the newest `limit` hits": async ({ store, key }) => {
    for (let index = 0; index < 5; index++)
      await store.hit(key("hit"), 60, 3, { weight: 10 ** index, note: String(index) });
    const notes = ["3", "4", "5"];
    assert.deepEqual(await store.hit(key("hit"), 60, 3, { note: "5" }), { count: 11_001, notes });
    assert.deepEqual(await store.hit(key("hit", "one"), 60, 1), { count: 1, notes: [] });
    assert.deepEqual(await store.hit(key("hit", "one"), 60, 1), { count: 1, notes: [] });
  },
};

/** Requirements on `hit` to the millisecond, for stores with a clock that only `advance` moves. */
export const EXACT_COUNTING: Clauses = {
  "agrees with a naive model of the window, hit by hit": async ({ store, key, advance }) => {
    // Steps of 0 to 1.5 s, windows of 2 s: the boundary is met often. Same numbers at each run.
    let state = 1;
    const below = (end: number): number => (state = (state * 48_271) % 0x7fffffff) % end;
    let hits: { at: number; weight: number; note?: string }[] = [];
    let now = 0;
    for (let step = 0; step < 400; step++) {
      const hit = { at: now, weight: 1 + below(3), note: below(2) === 0 ? undefined : String(step) };
      hits = [...hits, hit].filter(({ at }) => now - at < 2000).slice(-6);
      const count = hits.reduce((sum, { weight }) => sum + weight, 0);
      const notes = hits.flatMap(({ note }) => note ?? []);
      assert.deepEqual(await store.hit(key("hit"), 2, 6, hit), { count, notes }, `step ${step}`);
      const ms = 250 * below(7);
      now += ms;
      await advance(ms / 1000);
    }
  },
  "keeps hits and keys until the last millisecond, and no longer": async ({ store, key, advance }) => {
    await store.hit(key("hit"), 60, 10);
    await store.set(key("ban"), "1", 60);
    await advance(59.999);
    assert.equal(await store.get(key("ban")), "1");
    assert.equal((await store.hit(key("hit"), 60, 10)).count, 2);
    await advance(0.001);
    assert.equal(await store.get(key("ban")), undefined);
    assert.equal((await store.hit(key("hit"), 60, 10)).count, 2);
  },
};
