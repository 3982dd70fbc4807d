import { strict as assert } from "node:assert";
import type { Store, TallyOptions } from "../store.js";
import { concurrently, type Clauses } from "./clause.js";

type TallyStore = Store & Required<Pick<Store, "tally" | "tallies">>;

function tallies(store: Store): store is TallyStore {
  assert.equal(store.tally === undefined, store.tallies === undefined, "tally and tallies belong together");
  return store.tally !== undefined;
}

const options = (call: number, by = "one"): TallyOptions => ({ ttl: 60, max: 100, by, call });
const counts = (one: Readonly<Record<string, number>>): Map<string, number> => new Map(Object.entries(one));

/** Requirements on `tally` and `tallies`, for stores that have them. */
export const TALLYING: Clauses = {
  "adds to the named counters of a key, if it does": async ({ store, key }) => {
    if (!tallies(store)) return;
    await store.tally(key("hit"), counts({ a: 1, "b|漢 \n": 2 }), options(1));
    await store.tally(key("hit"), counts({ a: 3, c: 1 }), options(2));
    const [found, none] = await store.tallies([key("hit"), key("hit", "absent")]);
    assert.deepEqual(found, counts({ a: 4, "b|漢 \n": 2, c: 1 }));
    assert.deepEqual(none, new Map());
    assert.equal(await store.get(key("hit")), undefined, "a key with counters holds no text");
  },
  "carries out a tally of a caller and number once, for each key": async ({ store, key }) => {
    if (!tallies(store)) return;
    for (const call of [7, 7, 3]) await store.tally(key("hit"), counts({ a: 1 }), options(call));
    await store.tally(key("hit"), counts({ a: 1 }), options(7, "two"));
    await store.tally(key("hit", "other"), counts({ a: 1 }), options(7));
    await store.tally(key("hit"), counts({ a: 1 }), options(8));
    const [found, other] = await store.tallies([key("hit"), key("hit", "other")]);
    assert.deepEqual(found, counts({ a: 3 }));
    assert.deepEqual(other, counts({ a: 1 }));
  },
  "loses none of 100 tallies made at once": async ({ store, key }) => {
    if (!tallies(store)) return;
    await concurrently(100, async (index) => {
      const by = String(index);
      await store.tally(key("hit"), counts({ all: 1, [by]: 1 }), { ttl: 60, max: 1000, by, call: 1 });
    });
    const [found] = await store.tallies([key("hit")]);
    assert.equal(found?.get("all"), 100);
    assert.equal(found.size, 101);
  },
  "adds what a counter too many would count to the one that stands for its kind": async ({ store, key }) => {
    if (!tallies(store)) return;
    const few = (call: number): TallyOptions => ({ ...options(call), max: 2 });
    await store.tally(key("hit"), counts({ "a|1": 1, "b|1": 1, "b|2": 5 }), few(1));
    await store.tally(key("hit"), counts({ "a|1": 1, "a|2|x": 2, "b|2": 5, c: 1 }), few(2));
    const [found] = await store.tallies([key("hit")]);
    assert.deepEqual(found, counts({ "a|1": 2, "b|1": 1, b: 10, a: 2, c: 1 }));
  },
  "lists, deletes and forgets keys with counters like others": async ({ store, key, list, advance }) => {
    if (!tallies(store)) return;
    await store.tally(key("hit", "a"), counts({ a: 1 }), options(1));
    await store.tally(key("hit", "b"), counts({ a: 1 }), { ...options(1), ttl: 1 });
    assert.deepEqual((await list("hit")).sort(), [key("hit", "a"), key("hit", "b")]);
    assert.equal(await store.delete(key("hit", "a")), true);
    await advance(1);
    assert.deepEqual(await store.tallies([key("hit", "a"), key("hit", "b")]), [new Map(), new Map()]);
    assert.deepEqual(await list("hit"), []);
  },
};
