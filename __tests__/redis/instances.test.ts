import { bunker, BanList, type Bunker, type BunkerOptions } from "../../src/index.js";
import { RedisStore } from "../../src/redis/index.js";
import { ask } from "../support/ask.js";
import { EXPRESS, plainSite, serve, type Served } from "../support/hosts.js";
import { redisOfFile } from "./redis-of-file.js";
import { until } from "../support/until.js";

const { redis, stops } = redisOfFile();

// The timeout is long because replies may be late on a busy machine.
async function storeOn(url = redis.url): Promise<RedisStore> {
  const store = new RedisStore({ url, timeout: 900, logger: false });
  stops.push(() => store.close());
  await store.ready();
  return store;
}

async function instance(options: BunkerOptions = {}): Promise<{ app: Served; guard: Bunker }> {
  const store = await storeOn();
  const guard = bunker({ store, logger: false, badBehavior: { threshold: 5 }, ...options });
  const app = await serve(EXPRESS.app([guard], plainSite));
  stops.push(() => guard.close());
  stops.push(() => app.close());
  await guard.ready();
  return { app, guard };
}

const statusOf = async (app: Served, from: string): Promise<number> =>
  (await ask(app.url, "/", { from })).status;

/** Returns how many commands that our requests might cause were called. */
async function calls(): Promise<number> {
  const stats = await redis.cli("info", "commandstats");
  return [...stats.matchAll(/cmdstat_([a-z|]+):calls=(\d+)/g)]
    .filter(([, name = ""]) => !["publish", "info", "ping", "client|setinfo", "hello"].includes(name))
    .reduce((sum, [, , count]) => sum + Number(count), 0);
}

test("a ban on one instance is in force on the other, an unban too, by event and without asking", async () => {
  const [one, two] = [await instance(), await instance()];
  expect(await statusOf(two.app, "8.8.4.4")).toBe(200);
  await one.guard.bans.add("8.8.4.4", { ttl: 60 });
  await until(async () => (await two.guard.bans.get("8.8.4.4")) !== undefined);
  expect(await statusOf(two.app, "8.8.4.4")).toBe(403);
  await two.guard.bans.remove("8.8.4.4");
  await until(async () => (await one.guard.bans.get("8.8.4.4")) === undefined);
  expect(await statusOf(one.app, "8.8.4.4")).toBe(200);
});

test("bad answers are counted over all instances, and ban at the threshold", async () => {
  const [one, two] = [await instance(), await instance()];
  for (let count = 0; count < 4; count++)
    await ask([one, two][count % 2]!.app.url, "/missing", { from: "8.8.4.5" });
  expect(await statusOf(one.app, "8.8.4.5")).toBe(200);
  await ask(two.app.url, "/missing", { from: "8.8.4.5" });
  await until(async () => (await one.guard.bans.get("8.8.4.5")) !== undefined);
  expect([await statusOf(one.app, "8.8.4.5"), await statusOf(two.app, "8.8.4.5")]).toEqual([403, 403]);
});

test("an instance that starts later knows the bans there are, ranges and services included", async () => {
  const first = new BanList(await storeOn());
  await first.add("9.9.0.0/16", { ttl: 60, reason: "range" });
  await first.add("2a01:db8::1", { ttl: 0 });
  await first.add("9.8.8.8", { service: "shop.example.com" });
  const later = new BanList(await storeOn());
  expect(await later.get("9.9.1.2")).toMatchObject({ reason: "range" });
  expect(await later.get("2a01:db8::ffff")).toMatchObject({ expires: null });
  expect(await later.get("9.8.8.8", "other.example.com")).toBeUndefined();
  expect(await later.get("9.8.8.8", "shop.example.com")).toBeDefined();
  expect((await later.list()).map(({ ip }) => ip).sort()).toEqual(["2a01:db8::/64", "9.8.8.8", "9.9.0.0/16"]);
});

test("a generated secret is the same on every instance", async () => {
  const [one, two] = [await storeOn(), await storeOn()];
  expect(await one.add("state:secret|x", "a", 0)).toBe(true);
  expect(await two.add("state:secret|x", "b", 0)).toBe(false);
  expect(await two.get("state:secret|x")).toBe("a");
});

test("known clients cost Redis no command: bans, passes and verdicts are answered in the process", async () => {
  const { app, guard } = await instance({
    antibot: { challenge: "cookie" },
    sessions: { secret: "a secret of the redis tests" },
  });
  await guard.bans.add("8.8.4.9", { ttl: 600 });
  const html = { Accept: "text/html", "User-Agent": "test" };
  // The client passes the gate once; redirects are followed here.
  let path = "/";
  const jar = new Map<string, string>();
  for (let step = 0; step < 6; step++) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const got = await ask(app.url, path, {
      from: "8.8.4.8",
      headers: { ...html, ...(cookie && { Cookie: cookie }) },
    });
    for (const set of got.headers["set-cookie"] ?? []) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      jar.set(name, value);
    }
    if (got.status === 200 && got.text.startsWith("site:")) break;
    path = got.headers.location ?? path;
  }
  const Cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
  const visit = async (): Promise<string> =>
    (await ask(app.url, "/", { from: "8.8.4.8", headers: { ...html, Cookie } })).text;
  expect(await visit()).toBe("site: /");

  const before = await calls();
  for (let count = 0; count < 50; count++) {
    expect(await visit()).toBe("site: /");
    expect(await statusOf(app, "8.8.4.9")).toBe(403);
  }
  expect((await calls()) - before).toBe(0);
});

describe("changes made by somebody else", () => {
  test("a ban whose key is deleted by hand ends, and one that is written by hand begins", async () => {
    const store = await storeOn();
    const bans = new BanList(store);
    await bans.add("8.8.1.1", { ttl: 600 });
    const [key = ""] = (await redis.cli("keys", "bunker:ban:*8.8.1.1")).split("\n");
    const text = await redis.cli("get", key);
    await redis.cli("del", key);
    await until(async () => (await bans.get("8.8.1.1")) === undefined);
    await redis.cli("set", key, text, "EX", "600");
    await until(async () => (await bans.get("8.8.1.1")) !== undefined);
  });

  test("FLUSHALL lifts all bans", async () => {
    const bans = new BanList(await storeOn());
    await bans.add("8.8.1.2", { ttl: 600 });
    expect(await bans.get("8.8.1.2")).toBeDefined();
    await redis.cli("flushall");
    await until(async () => (await bans.get("8.8.1.2")) === undefined);
  });
});

test("what was missed while the listening connection was gone is read anew, bans and unbans alike", async () => {
  const [one, two] = [new BanList(await storeOn()), new BanList(await storeOn())];
  await one.add("8.8.2.1", { ttl: 600 });
  await until(async () => (await two.get("8.8.2.1")) !== undefined);
  await until(async () => (await one.get("8.8.2.1")) !== undefined);
  // Both changes are made while no connection is subscribed.
  const [key = ""] = (await redis.cli("keys", "bunker:ban:*8.8.2.1")).split("\n");
  const script = `redis.call('DEL', KEYS[1]); redis.call('SET', KEYS[2], 'by hand'); redis.call('ZADD', KEYS[3], '+inf', '8.8.2.2')`;
  const other = await redis.cli("eval", "return 1", "0").then(() => placeOf("8.8.2.2"));
  await redis.cli("client", "kill", "type", "pubsub");
  await redis.cli("eval", script, "3", key, other.data, other.index);
  for (const bans of [one, two]) {
    await until(async () => (await bans.get("8.8.2.1")) === undefined);
    await until(async () => (await bans.get("8.8.2.2"))?.reason === "by hand");
  }
});

async function placeOf(ip: string): Promise<{ data: string; index: string }> {
  const { KeyNames } = await import("../../src/redis/key-names.js");
  return new KeyNames("bunker:", false).locate(`ban:${ip}`);
}

test("keys are listed without a scan of the database", async () => {
  const store = await storeOn();
  await store.set("cache:1.2.3.4|a", "1", 60);
  await redis.cli("config", "resetstat");
  const listed: string[] = [];
  for await (const key of store.keys("cache", "1.2.3.4|")) listed.push(key);
  expect(listed).toEqual(["cache:1.2.3.4|a"]);
  const stats = await redis.cli("info", "commandstats");
  expect(stats).toContain("cmdstat_zscan");
  expect(stats).not.toContain("cmdstat_scan:");
});

test("R26 an unban clears the client's counters and verdicts on every instance", async () => {
  const store = await storeOn();
  const bans = new BanList(store);
  await store.hit("hit:8.8.3.1|bb|default", 60, 10);
  await store.set("cache:8.8.3.1|dnsbl|x", "{}", 60);
  await bans.add("8.8.3.1");
  await bans.remove("8.8.3.1");
  expect(await store.ttl("hit:8.8.3.1|bb|default")).toBeUndefined();
  expect(await store.get("cache:8.8.3.1|dnsbl|x")).toBeUndefined();
});

test("R31 a flood of guesses fills its own budget of spent ids, not that of proofs", async () => {
  const store = new RedisStore({ url: redis.url, timeout: 900, logger: false, maxKeys: { spent: 1000 } });
  stops.push(() => store.close());
  await store.ready();
  const outcomes: PromiseSettledResult<boolean>[] = [];
  for (let first = 0; first < 1600; first += 200) {
    const some = Array.from({ length: 200 }, (_, at) => `10.${(first + at) >> 8}.${(first + at) & 255}.1`);
    outcomes.push(
      ...(await Promise.allSettled(some.map((ip) => store.add(`spent:${ip}|guess|id`, "1", 60)))),
    );
  }
  const refused = outcomes.filter((outcome) => outcome.status === "rejected");
  expect(refused.length).toBeGreaterThanOrEqual(1600 - 512);
  expect((refused[0] as PromiseRejectedResult).reason).toMatchObject({ code: "ERR_BUNKER_STORE_FULL" });
  // Each of the sixteen indexes has room for proofs, and both are listed.
  const people = Array.from({ length: 64 }, (_, at) => `spent:8.8.${at}.1|proof`);
  expect(await Promise.all(people.map((key) => store.add(key, "1", 60)))).toEqual(people.map(() => true));
  const keys = new Set<string>();
  for await (const key of store.keys("spent")) keys.add(key);
  expect(keys.size).toBe(1600 - refused.length + 64);
  expect(await store.delete("spent:8.8.0.1|proof")).toBe(true);
});

test("R31 a flood of counters pushes out counters only, a flood of spent ids is refused, and no ban goes", async () => {
  const store = new RedisStore({
    url: redis.url,
    timeout: 900,
    logger: false,
    maxKeys: { hit: 1000, spent: 1000, cache: 1000 },
  });
  stops.push(() => store.close());
  await store.ready();
  const bans = new BanList(store);
  await bans.add("8.8.5.1");
  const flood = Array.from({ length: 4000 }, (_, index) => `10.${index >> 8}.${index & 255}.1`);
  const outcomes: PromiseSettledResult<boolean>[] = [];
  // The calls are made in batches, so that none waits long in our own queue.
  for (let first = 0; first < flood.length; first += 200) {
    const some = flood.slice(first, first + 200);
    await Promise.all(some.map((ip) => store.hit(`hit:${ip}|bb|default`, 60, 10)));
    outcomes.push(...(await Promise.allSettled(some.map((ip) => store.add(`spent:${ip}|id`, "1", 60)))));
  }
  const count = async (namespace: "hit" | "spent"): Promise<number> => {
    let keys = 0;
    for await (const key of store.keys(namespace)) keys += key === "" ? 0 : 1;
    return keys;
  };
  expect(await count("hit")).toBeLessThanOrEqual(1008);
  expect(await count("spent")).toBeLessThanOrEqual(1008);
  const refused = outcomes.filter((outcome) => outcome.status === "rejected");
  expect(refused.length).toBeGreaterThan(2900);
  expect((refused[0] as PromiseRejectedResult).reason).toMatchObject({ code: "ERR_BUNKER_STORE_FULL" });
  expect((await bans.list()).map(({ ip }) => ip)).toEqual(["8.8.5.1"]);
});
