import { BunkerOptionsError } from "../../src/index.js";
import { openUrl } from "../../src/redis/clients/open-connection.js";
import { RedisStore } from "../../src/redis/index.js";
import { LIBRARIES } from "./clients.js";
import { startCluster, startRedis } from "./servers.js";
import { until } from "../support/until.js";

function problemsOf(options: unknown): string {
  try {
    new RedisStore(options as never).close();
  } catch (error) {
    expect(error).toBeInstanceOf(BunkerOptionsError);
    return (error as BunkerOptionsError).message;
  }
  return "";
}

test("all that is wrong is told at once, and no password with it", () => {
  const text = problemsOf({
    url: "mysql://u:hush@x",
    prefix: "a{b",
    timeout: 0,
    falback: true,
    bunkerweb: "yes",
  });
  for (const path of ["url", "prefix", "timeout", "falback", "bunkerweb"])
    expect(text).toContain(`- ${path}:`);
  expect(text).toContain('did you mean "fallback"');
  expect(text).not.toContain("hush");
});

test("one of url and client must be given, and the client must be one", () => {
  expect(problemsOf({})).toContain("one of url and client");
  expect(problemsOf(undefined)).toContain("one of url and client");
  expect(problemsOf({ client: { get: () => 1 } })).toContain("a client of redis");
  expect(problemsOf({ client: {}, url: "redis://127.0.0.1" })).toContain("one of url and client");
});

test("a client with a keyPrefix of its own is refused", async () => {
  const { Redis } = await import("ioredis");
  const client = new Redis({ lazyConnect: true, keyPrefix: "app:" });
  expect(problemsOf({ client })).toContain("give the store a prefix instead");
});

test("bunkerweb is refused where it cannot be: on a Cluster", async () => {
  const cluster = await startCluster();
  try {
    for (const library of LIBRARIES) {
      const { client, end } = await library.cluster(cluster.ports);
      expect(problemsOf({ client, bunkerweb: true })).toContain("false on a Cluster");
      await end();
    }
  } finally {
    await cluster.stop();
  }
});

test("with a url either package will do; without both the error names what to install", async () => {
  const redis = await startRedis();
  try {
    for (const only of ["redis", "ioredis"]) {
      const connection = openUrl(redis.url, (name) => {
        // eslint-disable-next-line @typescript-eslint/no-require-imports
        if (name === only) return require(name) as unknown;
        throw Object.assign(new Error(`Cannot find module '${name}'`), { code: "MODULE_NOT_FOUND" });
      });
      expect(connection.name).toBe(only);
      await until(() => connection.isReady());
      expect(await connection.send(["PING"], "")).toBe("PONG");
      connection.close();
      await until(() => !connection.isReady());
    }
    const none = (name: string): never => {
      throw Object.assign(new Error(`Cannot find module '${name}'`), { code: "MODULE_NOT_FOUND" });
    };
    expect(() => openUrl(redis.url, none)).toThrow(/ERR_BUNKER_PACKAGE.*npm install redis/);
    const broken = (): never => {
      throw new Error("broken");
    };
    expect(() => openUrl(redis.url, broken)).toThrow("broken");
  } finally {
    await redis.stop("SIGKILL");
  }
});

test("a client that was given stays open when the store is closed", async () => {
  const redis = await startRedis();
  try {
    for (const library of LIBRARIES) {
      const { client, end } = await library.standalone(redis.url);
      const store = new RedisStore({ client, timeout: 900, logger: false });
      await store.ready();
      store.close();
      expect(await (client as { get(key: string): Promise<unknown> }).get("absent")).toBeNull();
      await end();
    }
    // The stores have closed their subscribed connections.
    await until(async () => (await redis.cli("client", "list", "type", "pubsub")) === "");
  } finally {
    await redis.stop("SIGKILL");
  }
});

test("two stores with their own prefixes share nothing", async () => {
  const redis = await startRedis();
  const stores = ["one:", "two:"].map(
    (prefix) => new RedisStore({ url: redis.url, prefix, timeout: 900, logger: false }),
  );
  try {
    for (const store of stores) await store.ready();
    await stores[0]!.set("state:x", "1");
    expect(await stores[1]!.get("state:x")).toBeUndefined();
    expect((await redis.cli("keys", "*")).split("\n").every((key) => key.startsWith("one:"))).toBe(true);
  } finally {
    for (const store of stores) store.close();
    await redis.stop("SIGKILL");
  }
});
