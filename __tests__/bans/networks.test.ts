import { badBehavior, BanList, bunker, MemoryStore } from "../../src/index.js";
import type { BunkerEvent, BunkerOptions } from "../../src/index.js";
import { RedisStore } from "../../src/redis/index.js";
import { startRedis, type RedisServer } from "../redis/servers.js";
import { ask } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { EXPRESS, plainSite, serve, type Served } from "../support/hosts.js";
import { until } from "../support/until.js";

const clock = new Clock();
const MERGE = { 56: 4, 48: 6 } as const;
let stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
});

/** Has the nth /64 of 2a01:4f8:1::/48 banned as Bad Behavior does it. */
const ban = async (bans: BanList, subnet: number, options: object = {}): Promise<void> => {
  const ip = `2a01:4f8:1:${subnet.toString(16)}::1`;
  await bans.addUnlessBanned(ip, {
    reason: "bad behavior",
    service: "a.test",
    ttl: 600,
    merge: MERGE,
    ...options,
  });
};

test("R38 enough banned clients of an IPv6 network become one ban of it, for as long as the longest", async () => {
  const store = new MemoryStore({ now: clock.now });
  const guard = badBehavior({ store, logger: false, now: clock.now });
  stops.push(() => guard.close());
  const { bans } = guard;
  const events: BunkerEvent[] = [];
  guard.events.on("banned", (event) => events.push(event));
  await ban(bans, 0x100);
  await ban(bans, 0x101, { ttl: 6000 });
  await ban(bans, 0x102);
  expect((await bans.list()).length).toBe(3);
  await ban(bans, 0x103);
  expect(await bans.list()).toMatchObject([
    {
      ip: "2a01:4f8:1:100::/56",
      reason: "bad behavior",
      scope: "service",
      service: "a.test",
      data: { merged: 4 },
      expires: new Date(clock.now() + 6_000_000),
    },
  ]);
  expect(events.map(({ ip }) => ip).slice(-2)).toEqual(["2a01:4f8:1:103::/64", "2a01:4f8:1:100::/56"]);
  expect(events.at(-1)).toMatchObject({ protection: "bans", data: { evidence: { merged: 4 } } });
  // A neighbour that was not banned itself.
  expect((await bans.get("2a01:4f8:1:1ff::9", "a.test"))!.ip).toBe("2a01:4f8:1:100::/56");
  expect(await bans.get("2a01:4f8:1:200::9", "a.test")).toBeUndefined();
  expect(await bans.get("2a01:4f8:1:100::1", "b.test")).toBeUndefined();
  // Two more in other parts of the /48: with the four of the /56 that makes six.
  await ban(bans, 0x200);
  await ban(bans, 0x300);
  expect((await bans.list()).map(({ ip, data }) => [ip, data])).toEqual([["2a01:4f8:1::/48", { merged: 6 }]]);
  expect(await bans.remove("2a01:4f8:1:200::77")).toBe(true);
  expect(await bans.list()).toEqual([]);
  expect(await bans.get("2a01:4f8:1:100::1", "a.test")).toBeUndefined();
});

test("R38 bans by hand, of other services and those that are over are not merged", async () => {
  const bans = new BanList(new MemoryStore({ now: clock.now }));
  for (let subnet = 0; subnet < 20; subnet++)
    await bans.add(`2a01:4f8:1:${subnet.toString(16)}::1`, { ttl: 600 });
  for (let subnet = 0; subnet < 3; subnet++) await ban(bans, subnet, { ttl: 60 });
  await ban(bans, 3, { service: "b.test" });
  clock.advance(61);
  await ban(bans, 4);
  expect((await bans.list()).every(({ ip }) => ip.endsWith("/64"))).toBe(true);
});

test("R38 an IPv4 network is never banned by its neighbours", async () => {
  const bans = new BanList(new MemoryStore({ now: clock.now }));
  for (let host = 0; host < 255; host++)
    await bans.addUnlessBanned(`9.9.9.${host}`, { reason: "bad behavior", service: "a.test", merge: MERGE });
  expect((await bans.list()).length).toBe(255);
  expect(await bans.get("9.9.9.255", "a.test")).toBeUndefined();
});

test("R38 a merged network is refused, and challenged where there is a gate", async () => {
  const serveWith = async (
    antibotOptions: object | false,
  ): Promise<{ served: Served; attack: () => Promise<number> }> => {
    const guard = bunker({
      store: new MemoryStore({ now: clock.now }),
      now: clock.now,
      logger: false,
      bunkernet: false,
      ...(antibotOptions === false ? {} : { antibot: antibotOptions as BunkerOptions["antibot"] }),
      badBehavior: { threshold: 2, mergeBans: MERGE },
    });
    const served = await serve(EXPRESS.app([guard], plainSite));
    stops.push(
      () => served.close(),
      () => guard.close(),
    );
    const attack = async (): Promise<number> => {
      for (let subnet = 0; subnet < 4; subnet++)
        for (let bad = 0; bad < 2; bad++)
          await ask(served.url, "/missing", { from: `2a01:4f8:1:${subnet.toString(16)}::1` });
      return (await ask(served.url, "/", { from: "2a01:4f8:1:7::1" })).status;
    };
    return { served, attack };
  };
  const open = await serveWith(false);
  expect(await open.attack()).toBe(403);
  const gated = await serveWith({
    challenge: "cookie",
    sessions: { secret: "a secret of thirty-two characters" },
    ignoreUri: "^/missing$",
  });
  await gated.attack();
  const visitor = await ask(gated.served.url, "/", {
    from: "2a01:4f8:1:7::1",
    headers: { Accept: "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" },
  });
  expect([visitor.status, visitor.headers["location"]]).toEqual([302, expect.stringContaining("/challenge")]);
});

describe("on Redis", () => {
  let redis: RedisServer;
  beforeAll(async () => void (redis = await startRedis()));
  afterAll(() => redis.stop("SIGKILL"));

  test("R38 bans of several instances are merged once, and every instance knows it", async () => {
    const lists: BanList[] = [];
    const events: string[] = [];
    for (let instance = 0; instance < 2; instance++) {
      const store = new RedisStore({ url: redis.url, timeout: 900, logger: false });
      const guard = badBehavior({ store, logger: false });
      guard.events.on("banned", ({ ip }) => events.push(ip));
      stops.push(
        () => store.close(),
        () => guard.close(),
      );
      await guard.ready();
      lists.push(guard.bans);
    }
    const [one, two] = lists as [BanList, BanList];
    for (let subnet = 0; subnet < 4; subnet++) await ban(subnet % 2 === 0 ? one : two, subnet);
    await until(async () => (await one.get("2a01:4f8:1:9::1", "a.test")) !== undefined);
    for (const list of lists) {
      expect(await list.get("2a01:4f8:1:9::1", "a.test")).toMatchObject({
        ip: "2a01:4f8:1::/56",
        data: { merged: 4 },
        action: "challenge",
      });
      expect((await list.list()).map(({ ip }) => ip)).toEqual(["2a01:4f8:1::/56"]);
    }
    expect(events.filter((ip) => ip.endsWith("/56"))).toHaveLength(1);
    expect(await one.remove("2a01:4f8:1:2::1")).toBe(true);
    await until(async () => (await two.get("2a01:4f8:1:9::1", "a.test")) === undefined);
  });

  const open = async (bunkerweb: boolean): Promise<{ store: RedisStore; bans: BanList }> => {
    await redis.cli("flushall");
    const store = new RedisStore({ url: redis.url, timeout: 900, logger: false, bunkerweb });
    stops.push(() => store.close());
    await store.ready();
    return { store, bans: new BanList(store) };
  };

  test("a ban under a long IPv6 spelling is normalised on reading, enforced and removable", async () => {
    const { store, bans } = await open(false);
    await store.set("ban:2A01:04F8:0000:0001::0007|a.test", '{"reason":"long"}', 600);
    expect(await bans.get("2a01:4f8:0:1::7", "a.test")).toMatchObject({
      ip: "2a01:4f8:0:1::7",
      reason: "long",
    });
    expect((await bans.list()).map(({ ip }) => ip)).toEqual(["2a01:4f8:0:1::7"]);
    const guard = badBehavior({ store, logger: false, service: "a.test" });
    const served = await serve(EXPRESS.app([guard], plainSite));
    stops.push(
      () => guard.close(),
      () => served.close(),
    );
    expect((await ask(served.url, "/", { from: "2a01:4f8:0:1::7" })).status).toBe(403);
    expect(await bans.remove("2a01:4f8:0:1::7")).toBe(true);
    expect((await ask(served.url, "/", { from: "2a01:4f8:0:1::7" })).status).toBe(200);
    expect(await bans.list()).toEqual([]);
  });

  test("a long spelling by BunkerWeb is, too, whether it is read or heard of", async () => {
    await redis.cli("flushall");
    await redis.cli("set", "bans_ip_2a01:04f8:0:2:0:0:0:7", "by hand", "EX", "600");
    const store = new RedisStore({ url: redis.url, timeout: 900, logger: false, bunkerweb: true });
    stops.push(() => store.close());
    const bans = new BanList(store);
    expect(await bans.get("2a01:4f8:0:2::7")).toMatchObject({ ip: "2a01:4f8:0:2::7", reason: "by hand" });
    await redis.cli("set", "bans_ip_2A01:04f8:0:3::0007", "heard", "EX", "600");
    await until(async () => (await bans.get("2a01:4f8:0:3::7"))?.reason === "heard");
    expect((await bans.list()).map(({ ip }) => ip).sort()).toEqual(["2a01:4f8:0:2::7", "2a01:4f8:0:3::7"]);
    for (const address of ["2a01:4f8:0:2::7", "2a01:04f8:0:3::07"]) {
      expect(await bans.remove(address)).toBe(true);
      expect(await bans.get(address)).toBeUndefined();
    }
    expect(await redis.cli("keys", "bans_*")).toBe("");
  });

  test("R38 bans have a budget on Redis: beyond it, the client is held by the instance", async () => {
    await redis.cli("flushall");
    const store = new RedisStore({ url: redis.url, timeout: 900, logger: false, maxKeys: { ban: 1000 } });
    stops.push(() => store.close());
    await store.ready();
    const bans = new BanList(store);
    // Each in a network of its own, which has its share.
    const address = (index: number): string => `${45 + (index >> 8)}.${index & 255}.1.1`;
    const added: PromiseSettledResult<unknown>[] = [];
    for (let first = 0; first < 1300; first += 50) {
      const batch = Array.from({ length: 50 }, (_, index) => bans.add(address(first + index), { ttl: 600 }));
      added.push(...(await Promise.allSettled(batch)));
    }
    const refused = added.flatMap((one, index) =>
      one.status === "rejected" ? [{ index, why: one.reason as unknown }] : [],
    );
    expect(refused.length).toBeGreaterThanOrEqual(1300 - 1008);
    expect(refused[0]!.why).toMatchObject({ code: "ERR_BUNKER_STORE_FULL", limit: "keys" });
    // Held here, and not stored; a ban that is stored can still be written over.
    expect(await bans.get(address(refused[0]!.index))).toBeDefined();
    expect((await bans.list()).length).toBe(1300 - refused.length);
    const stored = added.findIndex(({ status }) => status === "fulfilled");
    await bans.add(address(stored), { ttl: 900, reason: "again" });
    expect(await bans.get(address(stored))).toMatchObject({ reason: "again" });
  });

  const small = async (more: object = {}): Promise<{ store: RedisStore; bans: BanList }> => {
    const store = new RedisStore({
      url: redis.url,
      timeout: 900,
      logger: false,
      maxKeys: { ban: 4096 },
      ...more,
    });
    stops.push(() => store.close());
    await store.ready();
    return { store, bans: new BanList(store) };
  };

  /** How many of these bans Redis took; the others were refused for the share of their network. */
  const taken = async (
    addresses: readonly string[],
    add: (ip: string) => Promise<unknown>,
  ): Promise<string[]> => {
    const stored: string[] = [];
    for (let first = 0; first < addresses.length; first += 50) {
      const batch = addresses.slice(first, first + 50);
      for (const [index, one] of (await Promise.allSettled(batch.map(add))).entries())
        if (one.status === "fulfilled") stored.push(batch[index]!);
        else expect(one.reason).toMatchObject({ code: "ERR_BUNKER_STORE_FULL", limit: "share" });
    }
    return stored;
  };

  const SLASH_16 = Array.from({ length: 600 }, (_, index) => `45.7.${index >> 8}.${index & 255}`);
  const SLASH_48 = Array.from({ length: 600 }, (_, index) => `2a01:4f8:7:${index.toString(16)}::/64`);

  test.each([
    ["an IPv4 /16", SLASH_16, "45.8.0.1", false],
    ["an IPv6 /48", SLASH_48, "2a01:4f8:8:1::/64", false],
    ["an IPv4 /16, shared with BunkerWeb", SLASH_16, "45.8.0.1", true],
  ])(
    "R38 the automatic bans of %s have a share of the budget on Redis, bans by hand have none",
    async (_name, addresses, neighbour, bunkerweb) => {
      await redis.cli("flushall");
      const { store, bans } = await small({ bunkerweb });
      const { bans: other } = await small({ bunkerweb });
      const automatic = (ip: string): Promise<unknown> => bans.addUnlessBanned(ip, { ttl: 600 });
      // A sixteenth of 4096, divided among 16 indexes of which few stay short of theirs.
      const stored = await taken(addresses, automatic);
      expect(stored.length).toBeGreaterThan(200);
      expect(stored.length).toBeLessThanOrEqual(256);
      expect((await bans.list()).length).toBe(stored.length);
      // Neither another instance nor another service gets round it; another network has its own, and a stored ban stays one.
      const more = await taken(addresses, (ip) => other.addUnlessBanned(ip, { ttl: 600, service: "a.test" }));
      expect(stored.length + more.length).toBeLessThanOrEqual(256);
      await automatic(neighbour);
      expect(await bans.addUnlessBanned(stored[0]!, { ttl: 600 })).toMatchObject({ isNew: false });
      const refused = addresses.filter((ip) => !stored.includes(ip));
      await bans.add(refused[0]!, { ttl: 600, reason: "by hand" });
      expect(await other.get(refused[0]!.replace("/64", "1"))).toMatchObject({ reason: "by hand" });
      // What was lifted makes room for as many.
      await bans.remove(refused[0]!);
      for (const ip of stored.slice(0, 100)) await bans.remove(ip);
      expect((await taken(stored.slice(0, 100), automatic)).length).toBe(100);
      expect(await taken(refused, automatic)).toEqual([]);
      store.close();
    },
  );

  test("R38 bans that are over leave the share of their network on Redis, and so do their keys", async () => {
    await redis.cli("flushall");
    const { store } = await small();
    const networks = async (): Promise<string[]> =>
      (await redis.cli("keys", "bunker:network:*")).split("\n").filter((key) => key !== "");
    const add = (ip: string): Promise<boolean> => store.add(`ban:${ip}`, "{}", 3);
    const stored = new Set(await taken(SLASH_16, add));
    const refused = SLASH_16.find((ip) => !stored.has(ip))!;
    expect((await networks()).length).toBeGreaterThan(0);
    await until(() =>
      add(refused).then(
        () => true,
        () => false,
      ),
    );
    // The keys end with the last of their bans.
    await until(async () => (await networks()).length === 0);
  });

  test("R38 an instance that does not count the bans of networks on Redis harms nothing", async () => {
    await redis.cli("flushall");
    const { bans } = await small();
    const stored = await taken(SLASH_16, (ip) => bans.addUnlessBanned(ip, { ttl: 600 }));
    for (const key of (await redis.cli("keys", "bunker:network:*")).split("\n")) await redis.cli("del", key);
    expect(await bans.remove(stored[0]!)).toBe(true);
    expect(await bans.get(stored[1]!)).toBeDefined();
    expect(await taken([stored[0]!], (ip) => bans.addUnlessBanned(ip, { ttl: 600 }))).toEqual([stored[0]]);
  });
});
