import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { BanList, bunker, type Bunker } from "../../src/index.js";
import { EventBus } from "../../src/events/event-bus.js";
import { StoreScope } from "../../src/store/store-scope.js";
import { RedisStore, type RedisStoreOptions } from "../../src/redis/index.js";
import { ask } from "../support/ask.js";
import { EXPRESS, plainSite, serve } from "../support/hosts.js";
import { LIBRARIES } from "./clients.js";
import { startRedis, type RedisServer } from "./servers.js";
import { until } from "../support/until.js";

let redis: RedisServer;
let stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
});

async function start(args: readonly string[] = [], port?: number): Promise<RedisServer> {
  redis = await startRedis(args, port);
  stops.push(() => redis.stop("SIGKILL"));
  return redis;
}

/** A logger that keeps its lines. */
class Lines {
  readonly lines: string[] = [];
  readonly info = (line: string): void => void this.lines.push(line);
  readonly warn = this.info;
  readonly error = this.info;
}

interface Opened {
  readonly store: RedisStore;
  readonly log: Lines;
}

function openStore(options: RedisStoreOptions): Opened {
  const log = new Lines();
  // Redis responds within this time even on a busy machine. No test depends on its length.
  const store = new RedisStore({ logger: log, timeout: 500, ...options });
  stops.push(() => store.close());
  return { store, log };
}

type Open = (url: string, options?: RedisStoreOptions) => Promise<Opened>;

const CLIENTS: [string, Open][] = [
  ["a url", (url, options) => Promise.resolve(openStore({ url, ...options }))],
  ...LIBRARIES.map((library): [string, Open] => [
    `a client of ${library.name}`,
    async (url, options) => {
      const { client, end } = await library.standalone(url);
      stops.push(end);
      return openStore({ client, ...options });
    },
  ]),
];

/** Calls the store until it has noticed that Redis is away. */
async function noticed({ store, log }: Opened): Promise<void> {
  await until(async () => {
    await store.increment("hit:notice", 1, 60);
    return log.lines.length > 0;
  });
}

/** Whether the list of warnings says that Redis is away. */
const saysAway = (store: RedisStore): boolean =>
  StoreScope.of(store)
    .get(EventBus)
    .activeWarnings.some(({ code, about }) => code === "WRN_BUNKER_REDIS" && about === "away");

async function goesOn({ store }: Opened): Promise<void> {
  expect(saysAway(store)).toBe(true);
  // The process counts on its own, from zero.
  expect((await store.hit("hit:8.8.6.1|bb|default", 60, 10)).count).toBe(1);
  expect((await store.hit("hit:8.8.6.1|bb|default", 60, 10)).count).toBe(2);
  // R36: an id can be spent once in this process.
  expect(await store.add("spent:8.8.6.1|a", "1", 60)).toBe(true);
  expect(await store.add("spent:8.8.6.1|a", "1", 60)).toBe(false);
  // A value that all instances must agree on cannot be written.
  await expect(Promise.resolve(store.add("state:secret|new", "x", 0))).rejects.toMatchObject({
    code: "ERR_BUNKER_REDIS",
  });
}

async function isBack({ store, log }: Opened): Promise<void> {
  await until(() => log.lines.some((line) => line.includes("is back")));
  expect(log.lines).toEqual([
    expect.stringMatching(/^WRN_BUNKER_REDIS: Redis is away/),
    expect.stringMatching(/^express-bunker: Redis is back/),
  ]);
  expect(saysAway(store)).toBe(false);
  // R36: the id cannot be spent again after the outage, either.
  expect(await store.add("spent:8.8.6.1|a", "1", 60)).toBe(false);
}

describe.each(CLIENTS)("with %s", (_name, open) => {
  test.each(["SIGSTOP", "CLIENT PAUSE"])(
    "R36 a frozen server (%s): known bans stay, counting and spending go on here, new bans are written later",
    async (how) => {
      await start();
      const opened = await open(redis.url);
      const other = new BanList((await open(redis.url, { timeout: 900, logger: false })).store);
      await opened.store.ready();
      const bans = new BanList(opened.store);
      await bans.add("8.8.6.2", { ttl: 600 });
      expect(await bans.get("8.8.6.2")).toBeDefined();
      expect(await other.get("8.8.6.3")).toBeUndefined();
      if (how === "SIGSTOP") redis.child.kill("SIGSTOP");
      else await redis.cli("client", "pause", "60000", "write");
      await noticed(opened);
      await goesOn(opened);
      await bans.add("8.8.6.3", { ttl: 600, reason: "while away" });
      expect(await bans.get("8.8.6.2")).toBeDefined();
      expect(await bans.get("8.8.6.3")).toBeDefined();
      if (how === "SIGSTOP") redis.child.kill("SIGCONT");
      else await redis.cli("client", "unpause");
      await isBack(opened);
      await until(async () => (await other.get("8.8.6.3"))?.reason === "while away");
    },
  );

  test("a server that is killed and comes back empty: bans made meanwhile are written, and so are recent ones that it lost", async () => {
    const { port } = await start();
    const opened = await open(redis.url);
    await opened.store.ready();
    const bans = new BanList(opened.store);
    await bans.add("8.8.6.2", { ttl: 600 });
    expect(await bans.get("8.8.6.2")).toBeDefined();
    await redis.stop("SIGKILL");
    await noticed(opened);
    await goesOn(opened);
    await bans.add("8.8.6.3", { ttl: 600 });
    expect(await bans.get("8.8.6.2")).toBeDefined();
    await start([], port);
    await until(() => opened.log.lines.some((line) => line.includes("written again")));
    opened.log.lines.splice(
      opened.log.lines.findIndex((line) => line.includes("written again")),
      1,
    );
    await isBack(opened);
    expect((await bans.list()).map(({ ip }) => ip).sort()).toEqual(["8.8.6.2", "8.8.6.3"]);
  });
});

test("out of memory (noeviction): what cannot be written waits, and is written when there is room", async () => {
  await start(["--maxmemory-policy", "noeviction"]);
  const opened = openStore({ url: redis.url });
  await opened.store.ready();
  await redis.cli("config", "set", "maxmemory", "1");
  await noticed(opened);
  await goesOn(opened);
  const bans = new BanList(opened.store);
  await bans.add("8.8.6.4", { ttl: 600 });
  await redis.cli("config", "set", "maxmemory", "0");
  await isBack(opened);
  expect((await bans.list()).map(({ ip }) => ip)).toEqual(["8.8.6.4"]);
});

test("a replica that takes no writes, until it is promoted", async () => {
  const master = await start();
  stops.push(() => master.stop("SIGKILL"));
  const replica = await startRedis(["--replicaof", "127.0.0.1", String(master.port)]);
  stops.push(() => replica.stop("SIGKILL"));
  const opened = openStore({ url: replica.url });
  await opened.store.ready();
  await noticed(opened);
  expect(opened.log.lines[0]).toMatch(/READONLY/);
  await goesOn(opened);
  await replica.cli("replicaof", "no", "one");
  await isBack(opened);
});

test("a wrong password: nothing is answered by Redis, everything goes on here, and the password is not logged", async () => {
  await start(["--requirepass", "right"]);
  const opened = openStore({ url: redis.url.replace("redis://", "redis://:wrong-one@") });
  await noticed(opened);
  await goesOn(opened);
  expect(opened.log.lines.join()).not.toContain("wrong-one");
  // The operator changes the password on the server.
  await redis.cli("-a", "right", "--no-auth-warning", "config", "set", "requirepass", "wrong-one");
  await isBack(opened);
});

test("an ACL user and a password of the url are used, and the user needs no keys but ours", async () => {
  await start();
  await redis.cli(
    ...["acl", "setuser", "bunker", "on", ">secret", "~bunker:*", "&bunker:*", "&__redis__:invalidate"],
    ...["-@all", "+@read", "+@write", "+@scripting", "+@pubsub", "+@connection", "+time"],
  );
  const { store } = openStore({ url: redis.url.replace("redis://", "redis://bunker:secret@"), timeout: 900 });
  await store.ready();
  const bans = new BanList(store);
  await bans.add("8.8.6.5");
  expect(await store.hit("hit:8.8.6.5|x", 60, 5)).toEqual({ count: 1, notes: [] });
  expect((await bans.list()).map(({ ip }) => ip)).toEqual(["8.8.6.5"]);
});

test("a server that is busy for longer than the deadline: calls give up, and are answered again when it is not", async () => {
  await start();
  const opened = openStore({ url: redis.url, timeout: 50 });
  await opened.store.ready();
  await until(async () => {
    await opened.store.set("cache:8.8.6.6|x", "there", 600);
    return (await redis.cli("dbsize")) !== "0";
  });
  const busy = redis.cli("eval", "for step = 1, 1e8 do end return 1", "0");
  await until(async () => (await opened.store.get("cache:8.8.6.6|x")) === undefined);
  await busy;
  await until(async () => (await opened.store.get("cache:8.8.6.6|x")) === "there");
});

test("many calls that one hiccup makes late are no outage", async () => {
  await start();
  const opened = openStore({ url: redis.url, timeout: 50 });
  await opened.store.ready();
  redis.child.kill("SIGSTOP");
  const calls = Array.from({ length: 20 }, () => opened.store.increment("hit:8.8.6.6|x", 1, 60));
  // All calls are counted in this process.
  expect(await Promise.all(calls)).toEqual(calls.map((_, index) => index + 1));
  redis.child.kill("SIGCONT");
  await until(async () => (await opened.store.get("cache:8.8.6.6|absent")) === undefined);
  expect(opened.log.lines).toEqual([]);
});

test("a connection whose other end vanished without a word is opened anew", async () => {
  await start();
  const wires: Socket[] = [];
  const proxy = createServer((wire) => {
    const end = connect(redis.port, "127.0.0.1");
    wires.push(wire, end);
    for (const one of [wire, end])
      one.on("error", () => undefined).on("close", () => (wire.destroy(), end.destroy()));
    wire.pipe(end).pipe(wire);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  stops.push(() => {
    for (const wire of wires) wire.destroy();
    proxy.close();
  });
  const opened = openStore({ url: `redis://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
  await opened.store.ready();
  const bans = new BanList(opened.store);
  expect(await bans.get("8.8.6.8")).toBeUndefined();
  // From now on the existing connections carry no data, but new connections work.
  for (const wire of wires) wire.unpipe().pause();
  await noticed(opened);
  const other = openStore({ url: redis.url, timeout: 900 });
  await new BanList(other.store).add("8.8.6.8", { reason: "meanwhile" });
  await until(async () => (await bans.get("8.8.6.8"))?.reason === "meanwhile");
  await until(() => opened.log.lines.some((line) => line.includes("is back")));
});

test("a ban whose write failed once is written soon, though there was no outage; one that was lifted is not", async () => {
  await start(["--maxmemory-policy", "noeviction"]);
  const opened = openStore({ url: redis.url });
  await opened.store.ready();
  await redis.cli("config", "set", "maxmemory", "1");
  await opened.store.set("ban:8.8.9.1", "kept", 60);
  await opened.store.set("ban:8.8.9.2", "lifted", 60);
  await redis.cli("config", "set", "maxmemory", "0");
  await opened.store.delete("ban:8.8.9.2");
  await until(async () => (await redis.cli("keys", "bunker:ban:*")).endsWith("8.8.9.1"));
  expect(await opened.store.get("ban:8.8.9.1")).toBe("kept");
  expect(opened.log.lines).toEqual([]);
});

test("a ban that is made while those that waited are being written is written, too", async () => {
  await start(["--maxmemory-policy", "noeviction"]);
  const opened = openStore({ url: redis.url });
  await opened.store.ready();
  await redis.cli("config", "set", "maxmemory", "1");
  await noticed(opened);
  let made = 0;
  const ban = (): Promise<void> => opened.store.set(`ban:8.${made >> 8}.${made++ & 255}.1`, "made", 600);
  while (made < 3000) await ban();
  await redis.cli("config", "set", "maxmemory", "0");
  while (!opened.log.lines.some((line) => line.includes("is back"))) {
    await ban();
    // The store gets a turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(async () => (await redis.cli("keys", "bunker:ban:*")).split("\n").length === made);
});

test("fallback: false leaves every failure to onStoreError", async () => {
  await start();
  const opened = openStore({ url: redis.url, fallback: false });
  await opened.store.ready();
  const guard = bunker({ store: opened.store, logger: false, onStoreError: "deny" });
  const app = await serve(EXPRESS.app([guard], plainSite));
  stops.push(
    () => guard.close(),
    () => app.close(),
  );
  await redis.stop("SIGKILL");
  await expect(opened.store.hit("hit:8.8.6.7|x", 60, 10)).rejects.toMatchObject({ code: "ERR_BUNKER_REDIS" });
  await expect(opened.store.set("ban:8.8.6.7", "{}", 60)).rejects.toMatchObject({ code: "ERR_BUNKER_REDIS" });
  // The bans were never loaded.
  expect((await ask(app.url, "/", { from: "8.8.6.7" })).status).toBe(503);
});

test("an app whose Redis is gone goes on answering, bans whom it must, and never with 5xx", async () => {
  await start();
  const { store } = openStore({ url: redis.url });
  await store.ready();
  const guard: Bunker = bunker({ store, logger: false, badBehavior: { threshold: 3 } });
  await guard.ready();
  const app = await serve(EXPRESS.app([guard], plainSite));
  stops.push(
    () => guard.close(),
    () => app.close(),
  );
  await guard.bans.add("8.8.6.8", { ttl: 600 });
  await redis.stop("SIGKILL");
  const statuses: number[] = [];
  for (let count = 0; count < 10; count++)
    statuses.push((await ask(app.url, "/missing", { from: "8.8.6.9" })).status);
  expect(statuses[0]).toBe(404);
  expect(statuses[9]).toBe(403);
  expect(statuses.filter((status) => status >= 500)).toEqual([]);
  expect((await ask(app.url, "/", { from: "8.8.6.8" })).status).toBe(403);
});

test("an app that starts without Redis answers, and knows the bans once Redis is there", async () => {
  const { port } = await start();
  await redis.stop("SIGKILL");
  const { store } = openStore({ url: redis.url });
  const guard = bunker({ store, logger: false });
  const app = await serve(EXPRESS.app([guard], plainSite));
  stops.push(
    () => guard.close(),
    () => app.close(),
  );
  expect((await ask(app.url, "/", { from: "8.8.7.1" })).status).toBe(200);
  await start([], port);
  const other = openStore({ url: redis.url, timeout: 900 });
  await other.store.ready();
  await new BanList(other.store).add("8.8.7.1");
  await until(async () => (await ask(app.url, "/", { from: "8.8.7.1" })).status === 403);
});
