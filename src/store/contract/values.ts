import { strict as assert } from "node:assert";
import { NAMESPACES } from "../store.js";
import { concurrently, type Clauses, type ContractContext } from "./clause.js";

/** Requirements on `get`, `set`, `ttl`, `add` and `delete`. */
export const VALUES: Clauses = {
  "returns undefined for a key that was never written": async ({ store, key }) => {
    assert.equal(await store.get(key("state")), undefined);
    assert.equal(await store.ttl(key("state")), undefined);
  },
  "returns what was set": async ({ store, key }) => {
    await store.set(key("ban"), "value", 60);
    assert.equal(await store.get(key("ban")), "value");
  },
  "keeps empty, long and non-ASCII values as they are": async ({ store, key }) => {
    const values = ["", " ", "0", "null", '{"a":[1,"\\u0000"]}', "żółć 漢字 🚫\n\t\0", "x".repeat(100_000)];
    for (const [index, value] of values.entries()) await store.set(key("cache", String(index)), value, 60);
    for (const [index, value] of values.entries()) {
      assert.equal(await store.get(key("cache", String(index))), value);
    }
  },
  "keeps keys apart whatever characters they contain": async ({ store, key }) => {
    const rests = ["a b", "a\nb", ..."* ? [a] a \\a \\ a:b A ä 漢字 %2A __proto__ a|b".split(" ")];
    for (const rest of rests) await store.set(key("state", rest), rest, 60);
    for (const rest of rests) assert.equal(await store.get(key("state", rest)), rest);
    for (const rest of rests) assert.equal(await store.delete(key("state", rest)), true, `deleting ${rest}`);
  },
  "keeps namespaces apart": async ({ store, key }) => {
    for (const namespace of NAMESPACES) await store.set(key(namespace), namespace, 60);
    assert.equal(await store.delete(key("hit")), true);
    for (const namespace of NAMESPACES) {
      assert.equal(await store.get(key(namespace)), namespace === "hit" ? undefined : namespace);
    }
  },
  "keeps a key without a time to live, or with 0, for ever": async ({ store, key, advance }) => {
    await store.set(key("ban", "absent"), "1");
    await store.set(key("ban", "zero"), "1", 0);
    assert.equal(await store.add(key("ban", "added"), "1", 0), true);
    await advance(2);
    for (const rest of ["absent", "zero", "added"]) {
      assert.equal(await store.ttl(key("ban", rest)), 0);
      assert.equal(await store.get(key("ban", rest)), "1");
    }
  },
  "returns how many seconds a key has left": async ({ store, key, advance }) => {
    await store.set(key("cache"), "1", 60);
    await advance(1);
    const left = (await store.ttl(key("cache"))) ?? NaN;
    assert.ok(left > 50 && left <= 59.01, `60 s less 1 s, not ${left}`);
  },
  "never reads a key back once its time is up": async ({ store, key, advance }) => {
    await store.set(key("ban", "short"), "1", 1);
    await store.set(key("ban", "long"), "1", 60);
    await advance(1);
    assert.equal(await store.get(key("ban", "short")), undefined);
    assert.equal(await store.ttl(key("ban", "short")), undefined);
    assert.equal(await store.delete(key("ban", "short")), false);
    assert.equal(await store.get(key("ban", "long")), "1");
  },
  "accepts fractions of a second": async ({ store, key, advance }) => {
    await store.set(key("cache"), "1", 0.5);
    assert.equal(await store.get(key("cache")), "1");
    await advance(0.5);
    assert.equal(await store.get(key("cache")), undefined);
  },
  "replaces value and time to live when it writes over a key": async ({ store, key, advance }) => {
    await store.set(key("ban", "longer"), "old", 1);
    await store.set(key("ban", "longer"), "new", 60);
    await store.set(key("ban", "shorter"), "old", 60);
    await store.set(key("ban", "shorter"), "new", 1);
    await store.set(key("ban", "ever"), "old", 1);
    await store.set(key("ban", "ever"), "new");
    await advance(1);
    assert.equal(await store.get(key("ban", "longer")), "new");
    assert.equal(await store.get(key("ban", "shorter")), undefined);
    assert.equal(await store.ttl(key("ban", "ever")), 0);
  },
  "adds a key only when it is absent": async ({ store, key, advance }) => {
    assert.equal(await store.add(key("spent"), "first", 1), true);
    assert.equal(await store.add(key("spent"), "second", 60), false);
    assert.equal(await store.get(key("spent")), "first");
    await advance(1);
    assert.equal(await store.add(key("spent"), "third", 60), true);
    assert.equal(await store.delete(key("spent")), true);
    assert.equal(await store.add(key("spent"), "fourth", 60), true);
  },
  "deletes a key, and returns whether it existed": async ({ store, key }) => {
    await store.set(key("ban"), "1", 60);
    await store.hit(key("hit"), 60, 10);
    for (const gone of [key("ban"), key("hit")]) {
      assert.equal(await store.delete(gone), true);
      assert.equal(await store.ttl(gone), undefined);
      assert.equal(await store.delete(gone), false);
    }
  },
  ...Object.fromEntries(
    [50, 200].map((copies) => [
      `lets one of ${copies} adds of a key made at once through (the replay race)`,
      async ({ store, key }: ContractContext): Promise<void> => {
        const wins = await concurrently(copies, (index) => store.add(key("spent"), String(index), 60));
        assert.equal(wins.filter(Boolean).length, 1);
        assert.equal(await store.get(key("spent")), String(wins.indexOf(true)));
      },
    ]),
  ),
};
