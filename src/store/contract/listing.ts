import { strict as assert } from "node:assert";
import { setTimeout as wait } from "node:timers/promises";
import type { StoreChange } from "../store.js";
import { collect, type Clause, type ContractContext } from "./clause.js";

/** What `keys` and `close` owe. */
export const LISTING: readonly Clause[] = [
  {
    name: "lists whole keys of every kind by namespace and prefix",
    async check({ store, key }) {
      await store.set(key("hit", "a|text"), "1", 60);
      await store.increment(key("hit", "a|counter"), 1, 60);
      await store.hit(key("hit", "a|window"), 60, 10);
      await store.set(key("hit", "b"), "1");
      await store.set(key("cache", "a|cache"), "1", 60);
      const prefix = key("hit", "a|").slice("hit:".length);
      assert.deepEqual((await collect(store.keys("hit", prefix))).sort(), [
        key("hit", "a|counter"),
        key("hit", "a|text"),
        key("hit", "a|window"),
      ]);
      const all = await collect(store.keys("hit"));
      assert.ok(all.includes(key("hit", "b")));
      assert.ok(!all.includes(key("cache", "a|cache")));
      assert.equal(new Set(all).size, all.length, "a key was listed twice");
    },
  },
  {
    name: "takes prefixes literally",
    async check({ store, key }) {
      const rests = ["*", "**", "?", "[ab]", "a", "ab", "\\*", "\\", " ", "ä", "漢字", "A"];
      for (const rest of rests) await store.set(key("state", rest), "1", 60);
      for (const prefix of ["", ...rests]) {
        const listed = await collect(store.keys("state", key("state", prefix).slice("state:".length)));
        const expected = rests.filter((rest) => rest.startsWith(prefix)).map((rest) => key("state", rest));
        assert.deepEqual(listed.sort(), expected.sort(), `prefix ${prefix}`);
      }
    },
  },
  {
    name: "leaves expired and deleted keys out of the list",
    async check({ store, key, advance }) {
      await store.set(key("ban", "expired"), "1", 1);
      await store.set(key("ban", "deleted"), "1", 60);
      await store.set(key("ban", "kept"), "1", 60);
      await store.hit(key("hit", "expired"), 1, 10);
      await store.delete(key("ban", "deleted"));
      await advance(1);
      const corner = key("ban", "").slice("ban:".length);
      assert.deepEqual(await collect(store.keys("ban", corner)), [key("ban", "kept")]);
      assert.deepEqual(await collect(store.keys("hit", corner)), []);
    },
  },
  {
    name: "lists every key that is there all the while, though others come and go",
    async check({ store, key }) {
      for (let index = 0; index < 300; index++) await store.set(key("cache", String(index)), "1", 60);
      const listed: string[] = [];
      let step = 0;
      for await (const one of store.keys("cache", key("cache", "").slice("cache:".length))) {
        listed.push(one);
        // The even ones below 200 go, new ones come.
        if (step < 100) await store.delete(key("cache", String(2 * step)));
        if (step < 100) await store.set(key("cache", `new ${step}`), "1", 60);
        step++;
      }
      const stayed = Array.from({ length: 300 }, (_, index) => index).filter(
        (index) => index % 2 === 1 || index >= 200,
      );
      assert.deepEqual(
        stayed.filter((index) => !listed.includes(key("cache", String(index)))),
        [],
      );
    },
  },
  {
    name: "closes twice without harm",
    async check({ store }) {
      await store.close?.();
      await store.close?.();
    },
  },
];

/** What `watch` owes, to the stores that have it. */
export const WATCHING: readonly Clause[] = [
  {
    name: "tells of set, add, increment and delete, with value and time to live",
    async check(subject) {
      const { store, key } = subject;
      const told = listen(subject, "ban");
      await store.set(key("ban", "set"), "1", 60);
      await store.set(key("ban", "set"), "2");
      await store.add(key("ban", "add"), "3", 60);
      await store.increment(key("ban", "increment"), 4, 60);
      await store.delete(key("ban", "set"));
      await told.until(5);
      const changes = told.changes.map(({ key: whole, value, ttl }) => [whole, value, Math.round(ttl)]);
      assert.deepEqual(changes.slice(0, 4), [
        [key("ban", "set"), "1", 60],
        [key("ban", "set"), "2", 0],
        [key("ban", "add"), "3", 60],
        [key("ban", "increment"), "4", 60],
      ]);
      assert.deepEqual(changes[4]?.slice(0, 2), [key("ban", "set"), undefined]);
      told.stop();
    },
  },
  {
    name: "tells neither of calls that changed nothing nor of other namespaces",
    async check(subject) {
      const { store, key } = subject;
      await store.set(key("ban", "there"), "1", 60);
      const told = listen(subject, "ban");
      await store.add(key("ban", "there"), "2", 60);
      await store.delete(key("ban", "absent"));
      await store.set(key("state", "other"), "1", 60);
      await store.set(key("ban", "last"), "1", 60);
      await told.until(1);
      assert.deepEqual(
        told.changes.map((change) => change.key),
        [key("ban", "last")],
      );
      told.stop();
    },
  },
  {
    name: "tells nobody any more who has stopped listening, and everybody else",
    async check(subject) {
      const { store, key } = subject;
      const stopped = listen(subject, "state");
      const other = listen(subject, "state");
      stopped.stop();
      stopped.stop();
      await store.set(key("state"), "1", 60);
      await other.until(1);
      assert.equal(stopped.changes.length, 0);
      other.stop();
    },
  },
  {
    name: "works on when a listener throws",
    async check(subject) {
      const { store, key } = subject;
      const stop = store.watch?.("ban", () => {
        throw new Error("thrown by a listener, as the contract kit means it to be");
      });
      const told = listen(subject, "ban");
      await store.set(key("ban"), "1", 60);
      await told.until(1);
      assert.equal(await store.get(key("ban")), "1");
      stop?.();
      told.stop();
    },
  },
];

function listen({ store, key }: ContractContext, namespace: "ban" | "state") {
  assert.ok(store.watch !== undefined, "the store has no watch(); say so with { watch: false }");
  const corner = key(namespace, "");
  const changes: StoreChange[] = [];
  const stop = store.watch(namespace, (change) => {
    // A shared store tells of what other tests do as well.
    if (change.key.startsWith(corner)) changes.push(change);
  });
  // Stores on a network may take up to a second to tell.
  const until = async (count: number): Promise<void> => {
    for (let tries = 0; changes.length < count && tries < 100; tries++) await wait(10);
    assert.equal(changes.length, count, `told of ${changes.length} changes, not ${count}`);
  };
  return { changes, stop, until };
}
