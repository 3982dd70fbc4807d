import { badBehavior, BanList, bunker } from "../../src/index.js";
import { bunkerwebKey, fromBunkerweb } from "../../src/redis/bunkerweb-keys.js";
import { RedisStore } from "../../src/redis/index.js";
import { ask } from "../support/ask.js";
import { EXPRESS, plainSite, serve } from "../support/hosts.js";
import { LIBRARIES } from "./clients.js";
import { redisOfFile } from "./redis-of-file.js";
import { until } from "../support/until.js";

const { redis, stops } = redisOfFile();

async function bansOf(client?: object): Promise<BanList> {
  const where = client === undefined ? { url: redis.url } : { client };
  const store = new RedisStore({ ...where, timeout: 900, logger: false, bunkerweb: true });
  stops.push(() => store.close());
  await store.ready();
  const bans = new BanList(store);
  // The first call loads the bans.
  expect(await bans.get("8.8.8.8")).toBeUndefined();
  return bans;
}

/** Returns a ban in the JSON that BunkerWeb writes. */
const json = (fields: object): string =>
  JSON.stringify({
    reason: "bad behavior",
    service: "www.example.com",
    date: 1_760_000_000,
    country: "FR",
    ban_scope: "service",
    reason_data: [{ status: "404" }],
    permanent: false,
    ...fields,
  });

test.each(LIBRARIES.map((library) => [library.name, library] as const))(
  "what BunkerWeb's script and its command line write and delete is heard by %s",
  async (_name, library) => {
    const { client, end } = await library.standalone(redis.url);
    stops.push(end);
    const bans = await bansOf(client);
    // At the threshold, BunkerWeb's script writes the bare reason first and the ban as JSON after it.
    await redis.cli("set", "bans_service_www.example.com_ip_1.2.3.4", "bad behavior", "EX", "600");
    await until(async () => (await bans.get("1.2.3.4", "www.example.com")) !== undefined);
    expect(await bans.get("1.2.3.4", "www.example.com")).toMatchObject({
      reason: "bad behavior",
      scope: "service",
      service: "www.example.com",
      data: {},
    });
    expect(await bans.get("1.2.3.4", "other.example.com")).toBeUndefined();
    await redis.cli("set", "bans_service_www.example.com_ip_1.2.3.4", json({}), "EX", "600");
    await until(
      async () => (await bans.get("1.2.3.4", "www.example.com"))?.date.getTime() === 1_760_000_000_000,
    );
    expect((await bans.get("1.2.3.4", "www.example.com"))?.data).toEqual([{ status: "404" }]);

    // `bwcli ban` writes a permanent and a temporary ban; `bwcli unban` deletes one.
    await redis.cli(
      "set",
      "bans_ip_1.2.3.5",
      json({ reason: "manual", ban_scope: "global", permanent: true }),
    );
    await redis.cli(
      "set",
      "bans_ip_2001:db8::7",
      json({ reason: "manual", ban_scope: "global" }),
      "EX",
      "600",
    );
    await until(async () => (await bans.get("2001:db8::7")) !== undefined);
    expect(await bans.get("1.2.3.5", "any.example.com")).toMatchObject({ reason: "manual", expires: null });
    expect(await bans.get("2001:db8::8")).toBeUndefined();
    await redis.cli("del", "bans_ip_1.2.3.5");
    await until(async () => (await bans.get("1.2.3.5")) === undefined);
  },
);

test("what the app bans and unbans is what BunkerWeb reads", async () => {
  const bans = await bansOf();
  await bans.add("1.2.3.4", { ttl: 600, reason: "app" });
  const ban = JSON.parse(await redis.cli("get", "bans_ip_1.2.3.4")) as Record<string, unknown>;
  expect(ban).toMatchObject({ reason: "app", ban_scope: "global", permanent: false, service: "unknown" });
  expect(Math.abs(Number(ban["date"]) * 1000 - Date.now())).toBeLessThan(60_000);
  const left = Number(await redis.cli("ttl", "bans_ip_1.2.3.4"));
  expect(left > 500 && left <= 600).toBe(true);
  await bans.add("1.2.3.4", { ttl: 0, service: "shop.example.com" });
  const key = "bans_service_shop.example.com_ip_1.2.3.4";
  expect(await redis.cli("ttl", key)).toBe("-1");
  expect(JSON.parse(await redis.cli("get", key))).toMatchObject({
    permanent: true,
    service: "shop.example.com",
  });
  // An unban without a service lifts all bans of the address, including those that BunkerWeb wrote.
  await redis.cli("set", "bans_service_www.example.com_ip_1.2.3.4", "by BunkerWeb", "EX", "600");
  await until(async () => (await bans.get("1.2.3.4", "www.example.com"))?.reason === "by BunkerWeb");
  expect(await bans.remove("1.2.3.4")).toBe(true);
  expect(await redis.cli("keys", "bans_*")).toBe("");
});

test("an IPv6 client is banned by its prefix for us and by its address for BunkerWeb; ranges stay ours", async () => {
  const bans = await bansOf();
  await bans.add("2a01:db8::1", { ttl: 600 });
  await bans.add("2a01:db9::/64", { ttl: 600, address: "2a01:db9::5" });
  await bans.add("9.9.0.0/16", { ttl: 600 });
  expect((await redis.cli("keys", "bans_*")).split("\n").sort()).toEqual([
    "bans_ip_2a01:db8::1",
    "bans_ip_2a01:db9::5",
  ]);
  expect(await bans.get("2a01:db8::2")).toBeDefined();
  expect(await bans.remove("2a01:db9::/64")).toBe(true);
  expect(await bans.remove("2a01:db8::1")).toBe(true);
  expect(await redis.cli("keys", "bans_*")).toBe("");
  expect(await bans.get("2a01:db8::1")).toBeUndefined();
});

test("an app that starts finds the bans that BunkerWeb has, and leaves its other keys alone", async () => {
  const many = Array.from({ length: 300 }, (_, index) => [
    `bans_ip_1.1.${index >> 8}.${index & 255}`,
    "x",
  ]).flat();
  await redis.cli(
    "mset",
    ...many,
    "bans_ip_nonsense",
    "x",
    "bans_other",
    "x",
    "plugin_bad_behavior_1.2.3.4",
    "3",
  );
  const bans = await bansOf();
  expect((await bans.list()).length).toBe(300);
  expect(await bans.get("1.1.1.3")).toMatchObject({ reason: "x", scope: "global", expires: null });
  expect(await redis.cli("get", "plugin_bad_behavior_1.2.3.4")).toBe("3");
});

test("bad answers are counted together with BunkerWeb, when asked for", async () => {
  const options = { url: redis.url, timeout: 900, logger: false as const, bunkerweb: true };
  const store = new RedisStore({ ...options, bunkerwebCounters: true });
  stops.push(() => store.close());
  await store.ready();
  const shared = "plugin_bad_behavior_www.example.com_1.2.3.4";
  const key = "hit:1.2.3.4|bb|www.example.com";
  expect((await store.hit(key, 600, 3, { note: "a" })).count).toBe(1);
  // BunkerWeb's script does this for each bad response of its own.
  await redis.cli("incr", shared);
  await redis.cli("expire", shared, "600");
  expect(await store.hit(key, 600, 3, { note: "b" })).toEqual({ count: 3, notes: ["a", "b"] });
  expect(Number(await redis.cli("ttl", shared))).toBeGreaterThan(500);
  // The shared counter has no more of our hits than our window holds.
  for (let count = 0; count < 5; count++) await store.hit(key, 600, 3);
  expect(await redis.cli("get", shared)).toBe("4");
  expect((await store.hit("hit:1.2.3.4|bb|*", 600, 3, { weight: 2 })).count).toBe(2);
  expect(await redis.cli("get", "plugin_bad_behavior_1.2.3.4")).toBe("2");
  // Only counters of bad responses are shared, and none of IPv6 prefixes.
  await store.hit("hit:1.2.3.4|captcha", 600, 3);
  await store.hit("hit:2001:db8::/64|bb|*", 600, 3);
  expect((await redis.cli("keys", "plugin_bad_behavior_*")).split("\n")).toHaveLength(2);
});

test("keys are translated there and back, and nothing else is taken for a ban", () => {
  for (const rest of ["1.2.3.4", "1.2.3.4|www.example.com", "2001:db8::1", "2001:db8::1|a.b"])
    expect(fromBunkerweb(bunkerwebKey(rest) ?? "")).toBe(`ban:${rest}`);
  for (const rest of ["1.2.3.0/24", "2001:db8::/64", "session|1", ""])
    expect(bunkerwebKey(rest)).toBeUndefined();
  for (const key of [
    "bans_ip_",
    "bans_ip_1.2.3.0/24",
    "bans_service__ip_1.2.3.4",
    "bans_service_a b_ip_1.2.3.4",
    "bans_x",
  ])
    expect(fromBunkerweb(key)).toBeUndefined();
});

test("a ban that bad behaviour earned from IPv6 is there for BunkerWeb under the very address, and for us under the prefix", async () => {
  const store = new RedisStore({ url: redis.url, timeout: 900, logger: false, bunkerweb: true });
  stops.push(() => store.close());
  await store.ready();
  const guard = badBehavior({ store, logger: false, threshold: 2, banScope: "global" });
  const served = await serve(EXPRESS.app([guard], plainSite));
  stops.push(() => served.close());
  const from = "2a00:1450::7";
  for (let i = 0; i < 2; i++) expect((await ask(served.url, "/missing", { from })).status).toBe(404);
  await until(async () => (await redis.cli("exists", `bans_ip_${from}`)) === "1");
  expect(JSON.parse(await redis.cli("get", `bans_ip_${from}`))).toMatchObject({ ban_scope: "global" });
  expect((await ask(served.url, "/", { from: "2a00:1450::8" })).status).toBe(403);
});

test.each([
  ["no service", {}, 1],
  ["a service", { service: "www.example.com" }, 0],
  ["services", { services: ["www.example.com", "shop.example.com"] }, 0],
  ["bans everywhere only", { badBehavior: { banScope: "global" as const } }, 0],
])("bans at a service that BunkerWeb cannot know are announced: %s", (_name, options, warnings) => {
  const store = new RedisStore({ url: redis.url, logger: false, bunkerweb: true });
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const guard = bunker({ store, bunkernet: false, logger: { info: say, warn: say, error: say }, ...options });
  expect(lines.filter((line) => line.startsWith("WRN_BUNKER_BUNKERWEB_SERVICE"))).toHaveLength(warnings);
  expect(lines).toHaveLength(warnings);
  void guard.close();
  store.close();
});
