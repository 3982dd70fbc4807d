import { strict as assert } from "node:assert";
import type { StoreChange } from "../store.js";
import { collect, type Clauses } from "./clause.js";

/** Requirements on `keys` and `close`. */
export const LISTING: Clauses = {
  "lists whole keys of every kind by namespace and prefix": async ({ store, key, list }) => {
    await store.set(key("hit", "a|text"), "1", 60);
    await store.increment(key("hit", "a|counter"), 1, 60);
    await store.hit(key("hit", "a|window"), 60, 10);
    await store.set(key("hit", "b"), "1");
    await store.set(key("cache", "a|cache"), "1", 60);
    assert.deepEqual((await list("hit", "a|")).sort(), [
      key("hit", "a|counter"),
      key("hit", "a|text"),
      key("hit", "a|window"),
    ]);
    const all = await collect(store.keys("hit"));
    assert.ok(all.includes(key("hit", "b")));
    assert.ok(!all.includes(key("cache", "a|cache")));
    assert.equal(new Set(all).size, all.length, "a key was listed twice");
  },
  "lists by the page, if it does, what it lists one by one": async ({ store, key }) => {
    if (store.pages === undefined) return;
    const keys = Array.from({ length: 50 }, (_, index) => key("ban", `page ${index}`));
    for (const one of keys) await store.set(one, `value of ${one}`, 60);
    const found = new Map<string, string | undefined>();
    for await (const page of store.pages("ban", key("ban", "").slice("ban:".length)))
      for (const one of page) found.set(one.key, one.value);
    assert.deepEqual([...found.keys()].sort(), [...keys].sort());
    for (const [one, value] of found) assert.equal(value, `value of ${one}`);
  },
  "writes a ban with its mark, if it does, and lists the mark once the ban is over": async (context) => {
    const { store, key, advance } = context;
    if (store.writeBan === undefined) return;
    assert.ok(store.pages !== undefined, "a store that keeps marks lists them by the page");
    const ban = key("ban", "marked");
    const mark = { began: 1_700_000_000_000, retention: 60 };
    assert.equal(await store.writeBan({ key: ban, value: "first", ttl: 1, mark }, "add"), true);
    assert.equal(await store.writeBan({ key: ban, value: "second", ttl: 1, mark }, "add"), false);
    assert.equal(await store.get(ban), "first");
    assert.equal(await store.writeBan({ key: ban, value: "third", ttl: 1, mark }, "set"), true);
    assert.equal(await store.get(ban), "third");
    await advance(1.5);
    assert.equal(await store.get(ban), undefined);
    const name = `state:void|${ban.slice("ban:".length)}`;
    const found: StoreChange[] = [];
    for await (const page of store.pages("state", "void|"))
      found.push(...page.filter((one) => one.key === name));
    assert.ok(found.length > 0);
    for (const { value, ttl } of found) {
      assert.equal(value, String(mark.began));
      assert.ok(ttl > 0 && ttl <= mark.retention, `${ttl} s`);
    }
  },
  "treats prefixes literally": async ({ store, key, list }) => {
    const rests = ["*", "**", "?", "[ab]", "a", "ab", "\\*", "\\", " ", "ä", "漢字", "A"];
    for (const rest of rests) await store.set(key("state", rest), "1", 60);
    for (const prefix of ["", ...rests]) {
      const listed = await list("state", prefix);
      const expected = rests.filter((rest) => rest.startsWith(prefix)).map((rest) => key("state", rest));
      assert.deepEqual(listed.sort(), expected.sort(), `prefix ${prefix}`);
    }
  },
  "leaves expired and deleted keys out of the list": async ({ store, key, list, advance }) => {
    await store.set(key("ban", "expired"), "1", 1);
    await store.set(key("ban", "deleted"), "1", 60);
    await store.set(key("ban", "kept"), "1", 60);
    await store.hit(key("hit", "expired"), 1, 10);
    await store.delete(key("ban", "deleted"));
    await advance(1);
    assert.deepEqual(await list("ban"), [key("ban", "kept")]);
    assert.deepEqual(await list("hit"), []);
  },
  "lists every key that exists throughout, while others come and go": async ({ store, key }) => {
    for (let index = 0; index < 300; index++) await store.set(key("cache", String(index)), "1", 60);
    const listed: string[] = [];
    let step = 0;
    for await (const one of store.keys("cache", key("cache", "").slice("cache:".length))) {
      listed.push(one);
      // Delete the even keys below 200 and add new ones.
      if (step < 100) await store.delete(key("cache", String(2 * step)));
      if (step < 100) await store.set(key("cache", `new ${step}`), "1", 60);
      step++;
    }
    const stayed = Array.from({ length: 300 }, (_, at) => at).filter((at) => at % 2 === 1 || at >= 200);
    const missing = stayed.filter((index) => !listed.includes(key("cache", String(index))));
    assert.deepEqual(missing, []);
  },
  "closes twice without harm": async ({ store }) => {
    await store.close?.();
    await store.close?.();
  },
};

/** Requirements on `watch`, for stores that have it. */
export const WATCHING: Clauses = {
  "reports set, add, increment and delete, with value and time to live": async ({ store, key, listen }) => {
    const received = listen("ban");
    await store.set(key("ban", "set"), "1", 60);
    await store.set(key("ban", "set"), "2");
    await store.add(key("ban", "add"), "3", 60);
    await store.increment(key("ban", "increment"), 4, 60);
    await store.delete(key("ban", "set"));
    await received.until(5);
    const changes = received.changes.map(({ key: whole, value, ttl }) => [whole, value, Math.round(ttl)]);
    assert.deepEqual(changes.slice(0, 4), [
      [key("ban", "set"), "1", 60],
      [key("ban", "set"), "2", 0],
      [key("ban", "add"), "3", 60],
      [key("ban", "increment"), "4", 60],
    ]);
    assert.deepEqual(changes[4]?.slice(0, 2), [key("ban", "set"), undefined]);
    received.stop();
  },
  "reports neither calls that changed nothing nor other namespaces": async ({ store, key, listen }) => {
    await store.set(key("ban", "there"), "1", 60);
    const received = listen("ban");
    await store.add(key("ban", "there"), "2", 60);
    await store.delete(key("ban", "absent"));
    await store.set(key("state", "other"), "1", 60);
    await store.set(key("ban", "last"), "1", 60);
    await received.until(1);
    const keys = received.changes.map((change) => change.key);
    assert.deepEqual(keys, [key("ban", "last")]);
    received.stop();
  },
  "stops calling a listener that was removed, and only that one": async ({ store, key, listen }) => {
    const stopped = listen("state");
    const other = listen("state");
    stopped.stop();
    stopped.stop();
    await store.set(key("state"), "1", 60);
    await other.until(1);
    assert.equal(stopped.changes.length, 0);
    other.stop();
  },
  "keeps working when a listener throws": async ({ store, key, listen }) => {
    const stop = store.watch?.("ban", () => {
      throw new Error("thrown on purpose by the contract kit");
    });
    const received = listen("ban");
    await store.set(key("ban"), "1", 60);
    await received.until(1);
    assert.equal(await store.get(key("ban")), "1");
    stop?.();
    received.stop();
  },
};
