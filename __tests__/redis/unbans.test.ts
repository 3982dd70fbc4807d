import { BanList, MemoryStore, type BunkerEvent, type Namespace } from "../../src/index.js";
import { EventBus } from "../../src/events/event-bus.js";
import { RedisStore } from "../../src/redis/index.js";
import { StoreScope } from "../../src/store/store-scope.js";
import { until } from "../support/until.js";
import { startRedis, type RedisServer } from "./servers.js";

let redis: RedisServer;
let stops: (() => unknown)[] = [];
beforeEach(async () => {
  redis = await startRedis();
  stops.push(() => redis.stop("SIGKILL"));
});
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
});

/** Creates an instance with its own store. It records log lines and `unbanned` events. */
async function instance() {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const store = new RedisStore({
    url: redis.url,
    timeout: 500,
    logger: { info: say, warn: say, error: say },
  });
  stops.push(() => store.close());
  await store.ready();
  const bans = new BanList(store);
  await bans.get("8.8.7.1");
  const unbanned: BunkerEvent[] = [];
  stops.push(
    StoreScope.of(store)
      .get(EventBus)
      .on("unbanned", (event) => unbanned.push(event)),
  );
  const back = (): Promise<void> => until(() => lines.some((line) => line.includes("is back")));
  return { store, bans, unbanned, back };
}

const FAILURE = { code: "ERR_BUNKER_STORE", message: expect.stringMatching(/8\.8\.7\.1 stays banned/) };

test.each([
  ["of all services", undefined],
  ["of one service", "shop"],
])(
  "an unban (%s) that fails in an outage leaves the ban in force, here and elsewhere",
  async (_name, service) => {
    const here = await instance();
    const there = await instance();
    const own = service === undefined ? {} : { service };
    await here.bans.add("8.8.7.1", { ttl: 600, ...own });
    await until(async () => (await there.bans.get("8.8.7.1", service)) !== undefined);
    redis.child.kill("SIGSTOP");
    // The first calls end at the timeout, the others at once, because the outage has been noticed.
    for (let attempt = 0; attempt < 5; attempt++) {
      await expect(here.bans.remove("8.8.7.1", own)).rejects.toMatchObject(FAILURE);
      expect(await here.bans.get("8.8.7.1", service)).toMatchObject({ ip: "8.8.7.1" });
    }
    expect(here.unbanned).toEqual([]);
    redis.child.kill("SIGCONT");
    // An unban that was sent before the outage was noticed may have reached Redis; then it is in force everywhere.
    await here.back();
    if (await here.bans.remove("8.8.7.1", own)) expect(here.unbanned).toHaveLength(1);
    expect(await here.bans.get("8.8.7.1", service)).toBeUndefined();
    await until(async () => (await there.bans.get("8.8.7.1", service)) === undefined);
  },
);

test("a ban that waits for Redis is not dropped by an unban that fails", async () => {
  const here = await instance();
  const there = await instance();
  await redis.cli("acl", "setuser", "default", "-set", "-del");
  await here.bans.add("8.8.7.1", { ttl: 600, reason: "waits" });
  await expect(here.bans.remove("8.8.7.1", { service: "shop" })).rejects.toMatchObject(FAILURE);
  await expect(here.bans.remove("8.8.7.1")).rejects.toMatchObject(FAILURE);
  expect(await here.bans.get("8.8.7.1")).toMatchObject({ reason: "waits" });
  await redis.cli("acl", "setuser", "default", "+set", "+del");
  await until(async () => (await there.bans.get("8.8.7.1"))?.reason === "waits");
  expect(await here.bans.get("8.8.7.1")).toMatchObject({ reason: "waits" });
  // The failures may have begun an outage, which ends a moment after the ban was written.
  await until(() => here.bans.remove("8.8.7.1").catch(() => false));
  await until(async () => (await there.bans.get("8.8.7.1")) === undefined);
});

test("a delete that succeeds drops the write that waits", async () => {
  const { store } = await instance();
  await redis.cli("acl", "setuser", "default", "-set", "-del");
  await store.set("ban:8.8.7.3", "waits", 60);
  await expect(store.delete("ban:8.8.7.3")).rejects.toMatchObject({ code: "ERR_BUNKER_REDIS" });
  await redis.cli("acl", "setuser", "default", "+set", "+del");
  expect(await store.delete("ban:8.8.7.3")).toBe(true);
  await store.set("ban:8.8.7.4", "later", 60);
  await until(async () => (await store.get("ban:8.8.7.4")) === "later");
  expect(await store.get("ban:8.8.7.3")).toBeUndefined();
  expect(await redis.cli("keys", "bunker:ban:*8.8.7.3")).toBe("");
});

test("R26 an unban whose counters cannot be cleared is no unban: the next bad answer would ban again", async () => {
  class NoListing extends MemoryStore {
    broken = false;
    override async *keys(namespace: Namespace, prefix = ""): AsyncGenerator<string> {
      if (this.broken && namespace === "hit") throw new Error("the disk is on fire");
      yield* super.keys(namespace, prefix);
    }
  }
  const store = new NoListing();
  const bans = new BanList(store);
  await bans.add("8.8.7.1", { ttl: 600 });
  store.broken = true;
  await expect(bans.remove("8.8.7.1")).rejects.toMatchObject(FAILURE);
  await expect(bans.remove("8.8.7.1")).rejects.toThrow(/the disk is on fire/);
  expect(await bans.get("8.8.7.1")).toBeDefined();
  expect(store.get("ban:8.8.7.1")).toBeDefined();
  store.broken = false;
  expect(await bans.remove("8.8.7.1")).toBe(true);
  expect(await bans.get("8.8.7.1")).toBeUndefined();
});
