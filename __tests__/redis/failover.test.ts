import { BanList } from "../../src/index.js";
import { RedisStore, type RedisStoreOptions } from "../../src/redis/index.js";
import { until } from "../support/until.js";
import { LIBRARIES, type Library } from "./clients.js";
import { startRedis, startSentinel, type RedisServer } from "./servers.js";

let stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
});

/** One instance that knows the bans of its store, and the lines of its log. */
async function instance(options: RedisStoreOptions) {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const store = new RedisStore({ timeout: 500, logger: { info: say, warn: say, error: say }, ...options });
  stops.push(() => store.close());
  await store.ready();
  const bans = new BanList(store);
  await bans.get("8.8.0.1");
  const known = async (): Promise<string[]> => (await bans.list()).map(({ ip }) => ip).sort();
  const restored = (): boolean => lines.some((line) => line.includes("written again"));
  return { store, bans, known, restored, lines };
}

const addresses = (from: string, count: number): string[] =>
  Array.from({ length: count }, (_, last) => `${from}.${last + 1}`).sort();

/** The addresses whose bans a server holds. */
async function heldBy(server: RedisServer, prefix: string): Promise<string[]> {
  const keys = (await server.cli("keys", `${prefix}ban:*`)).split("\n").filter((key) => key !== "");
  return keys.map((key) => key.replace(/^.*:/, "")).sort();
}

test("a planned failover by Sentinel loses no acknowledged ban and undoes no unban and no flush, with any client library", async () => {
  const sentinel = await startSentinel({ replicate: true });
  stops.push(() => sentinel.stop());
  const { master, replica } = sentinel as { master: RedisServer; replica: RedisServer };
  const connect = async (library: Library, prefix: string) => {
    const { client, end } = await library.sentinel(sentinel.port);
    stops.push(end);
    return instance({ client, prefix });
  };
  // Two instances with each library, which share a prefix.
  const pairs = await Promise.all(
    LIBRARIES.map(async (library, at) => {
      const prefix = `bunker${at}:`;
      const [here, there] = [await connect(library, prefix), await connect(library, prefix)];
      return { name: library.name, prefix, here, there };
    }),
  );
  await Promise.all(pairs.map(({ here }) => here.bans.add("8.8.9.9", { ttl: 600, reason: "flushed" })));
  // node-redis's Sentinel client is not told of a flush; the store notices it within seconds.
  const marked = async (): Promise<void> => {
    for (const { prefix, name } of pairs)
      if (name.startsWith("redis"))
        await until(async () => (await master.cli("keys", `${prefix}mark:*`)).split("\n").length === 2);
  };
  await marked();
  await master.cli("flushall");
  await marked();
  for (const { here } of pairs)
    await Promise.all(["8.8.1.1", "8.8.1.2"].map((ip) => here.bans.add(ip, { ttl: 600 })));
  for (const { prefix } of pairs) await until(async () => (await heldBy(replica, prefix)).length === 2);
  // From now on the replica receives nothing, as one that lags behind.
  await replica.cli("replicaof", "127.0.0.1", "1");
  const late = addresses("8.8.2", 50);
  for (const { here, there } of pairs) {
    await Promise.all(late.map((ip) => here.bans.add(ip, { ttl: 600, reason: "acknowledged" })));
    await here.bans.add("8.8.3.1", { ttl: 600 });
    expect(await here.bans.remove("8.8.3.1")).toBe(true);
    await until(async () => (await there.bans.get("8.8.2.50")) !== undefined);
    await until(async () => (await there.bans.get("8.8.3.1")) === undefined);
  }
  const all = ["8.8.1.1", "8.8.1.2", ...late];
  for (const { prefix } of pairs) {
    expect(await heldBy(master, prefix)).toEqual(all);
    expect(await heldBy(replica, prefix)).toEqual(["8.8.1.1", "8.8.1.2"]);
  }
  await sentinel.failover();
  for (const { name, prefix, here, there } of pairs) {
    await until(async () => (await heldBy(replica, prefix)).length === all.length);
    for (const { bans, known } of [here, there]) {
      // Bans are read again once the connections have found the new master.
      await until(async () => (await known().catch(() => [])).length === all.length);
      expect([name, await known()]).toEqual([name, all]);
      expect([name, await bans.get("8.8.2.7")]).toMatchObject([name, { reason: "acknowledged" }]);
      expect([name, await bans.get("8.8.3.1")]).toEqual([name, undefined]);
    }
    await until(() => here.restored() || there.restored());
  }
});

describe("one server that is restarted with nothing in it", () => {
  test("bans of the last minutes are written again; one that was lifted, here or elsewhere, is not", async () => {
    const redis = await startRedis();
    stops.push(() => redis.stop("SIGKILL"));
    const [here, there] = [await instance({ url: redis.url }), await instance({ url: redis.url })];
    await here.bans.add("8.8.4.1", { ttl: 600, reason: "own" });
    await there.bans.add("8.8.4.2", { ttl: 0, service: "shop", reason: "heard" });
    await here.bans.add("8.8.4.3", { ttl: 600 });
    await until(async () => (await there.bans.get("8.8.4.3")) !== undefined);
    await there.bans.remove("8.8.4.3");
    await until(async () => (await here.bans.get("8.8.4.3")) === undefined);
    await redis.stop("SIGKILL");
    const again = await startRedis([], redis.port);
    stops.push(() => again.stop("SIGKILL"));
    for (const { known } of [here, there])
      await until(async () => (await known().catch(() => [])).join() === "8.8.4.1,8.8.4.2");
    expect(await there.bans.get("8.8.4.1")).toMatchObject({ reason: "own", scope: "global" });
    expect(await here.bans.get("8.8.4.2", "shop")).toMatchObject({ reason: "heard", expires: null });
    expect(
      Number(await again.cli("pttl", await again.cli("keys", "bunker:ban:*8.8.4.1"))),
    ).toBeLessThanOrEqual(600_000);
    // The marks that keep older passes void are back, too.
    const marks = (await again.cli("keys", "bunker:marks:*")).split("\n");
    const members = await Promise.all(marks.map((key) => again.cli("zrange", key, "0", "-1")));
    expect(members.join("\n").split("\n")).toContain("8.8.4.1");
    // A later lifting stays one.
    await here.bans.remove("8.8.4.1");
    await until(async () => (await there.known()).join() === "8.8.4.2");
  });

  test.each(["FLUSHALL", "FLUSHDB"])("what %s deleted before is not written again", async (flush) => {
    const redis = await startRedis();
    stops.push(() => redis.stop("SIGKILL"));
    const here = await instance({ url: redis.url });
    await here.bans.add("8.8.5.1", { ttl: 600 });
    await redis.cli(flush);
    await until(async () => (await here.bans.get("8.8.5.1")) === undefined);
    await here.bans.add("8.8.5.2", { ttl: 600 });
    await redis.stop("SIGKILL");
    const again = await startRedis([], redis.port);
    stops.push(() => again.stop("SIGKILL"));
    await until(() => here.restored());
    expect(await here.known()).toEqual(["8.8.5.2"]);
  });

  test("what was unbanned on the new server, before an instance read it, is not written again", async () => {
    const redis = await startRedis();
    stops.push(() => redis.stop("SIGKILL"));
    const here = await instance({ url: redis.url });
    await here.bans.add("8.8.6.1", { ttl: 600 });
    await here.bans.add("8.8.6.2", { ttl: 600 });
    await redis.stop("SIGKILL");
    const again = await startRedis([], redis.port);
    stops.push(() => again.stop("SIGKILL"));
    // Another instance, which knew nothing, lifts the ban first.
    const other = await openStore(again.url);
    await other.delete("ban:8.8.6.1");
    await until(() => here.restored());
    expect(await here.known()).toEqual(["8.8.6.2"]);
  });
});

/** A store that is closed after the test. */
async function openStore(url: string): Promise<RedisStore> {
  const store = new RedisStore({ url, timeout: 500, logger: false });
  stops.push(() => store.close());
  await store.ready();
  return store;
}
