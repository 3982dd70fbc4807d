import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  antibot,
  badBehavior,
  BanList,
  bunker,
  bunkernet,
  dnsbl,
  MemoryStore,
  type BunkerOptions,
  type Middleware,
  type Running,
  type Store,
} from "../../src/index.js";
import { RedisStore } from "../../src/redis/index.js";
import { streamGuard } from "../../src/stream/index.js";
import { startContract } from "../bunkernet/contract-server.js";
import { LIBRARIES } from "../redis/clients.js";
import { startRedis } from "../redis/servers.js";
import { ask } from "../support/ask.js";
import { EXPRESS, plainSite, serve } from "../support/hosts.js";
import { until } from "../support/until.js";
import { withTimeout } from "../../src/with-timeout.js";

/** Far above the second that `close()` may take, and below what hangs here: for ever, or for 10 to 120 s. */
const WATCHDOG_MS = 8000;
const VISITOR = "8.8.8.8";

let stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
});

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/** A DNS client of the app that never answers. */
const deafResolver = { resolve4: never, resolve6: never, resolveTxt: never, reverse: never };

/** A store whose calls never end. */
const deafStore = (): Store => ({
  get: never,
  ttl: never,
  set: never,
  add: never,
  increment: never,
  hit: never,
  delete: never,
  keys: () => ({ [Symbol.asyncIterator]: () => ({ next: never }) }),
  close: never,
});

/** The address of a BunkerNet API that takes connections and never answers. */
async function deafApi(): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => void sockets.add(socket.on("error", () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Serves a site behind a middleware and visits it, so that everything that hangs is under way. */
async function visit(guard: Middleware, wait: boolean, from = VISITOR): Promise<void> {
  let arrived = false;
  const watched: Middleware = (req, res, next) => {
    guard(req, res, next);
    arrived = true;
  };
  const served = await serve(EXPRESS.app([watched], plainSite));
  stops.push(() => served.close());
  const answer = ask(served.url, "/missing", { from }).catch(() => undefined);
  if (wait) await answer;
  await until(() => arrived);
}

const shared = (store: Store): BunkerOptions => ({ store, logger: false, resolver: deafResolver });

const FACTORIES: [string, (store: Store, server: string) => Middleware & Running][] = [
  [
    "bunker",
    (store, server) =>
      bunker({
        ...shared(store),
        bunkernet: { server, timeout: 60_000 },
        dnsbl: { list: "list.test", timeout: 10_000 },
        antibot: { challenge: "javascript" },
        sessions: { secret: "a secret of more than sixteen characters" },
      }),
  ],
  ["bunkernet", (store, server) => bunkernet({ ...shared(store), server, timeout: 60_000 })],
  ["dnsbl", (store) => dnsbl({ ...shared(store), list: "list.test", timeout: 10_000 })],
  ["badBehavior", (store) => badBehavior(shared(store))],
  [
    "antibot",
    (store) =>
      antibot({
        ...shared(store),
        challenge: "javascript",
        sessions: { secret: "a secret of more than sixteen characters" },
      }),
  ],
];

describe.each(FACTORIES)("%s: close() ends whatever hangs", (_name, make) => {
  test("BunkerNet and DNS", async () => {
    const store = new MemoryStore();
    const guard = make(store, await deafApi());
    // Refused, so that there is a report to send.
    await new BanList(store).add(VISITOR, { reason: "bad behavior" });
    await visit(guard, true);
    await visit(guard, false, "9.9.9.9");
    await withTimeout(guard.close(), WATCHDOG_MS);
  });

  test("every call of the store", async () => {
    const guard = make(deafStore(), await deafApi());
    guard.ready().catch(() => undefined);
    await visit(guard, false);
    await withTimeout(guard.close(), WATCHDOG_MS);
  });

  test("a frozen Redis", async () => {
    const redis = await startRedis();
    stops.push(() => redis.stop("SIGKILL"));
    const store = new RedisStore({ url: redis.url, logger: false });
    stops.push(() => store.close());
    const guard = make(store, await deafApi());
    await store.ready();
    redis.child.kill("SIGSTOP");
    await visit(guard, true);
    await withTimeout(guard.close(), WATCHDOG_MS);
  });
});

test("streamGuard: close() ends whatever hangs", async () => {
  const server = createServer();
  const guard = streamGuard(server, {
    store: deafStore(),
    logger: false,
    resolver: deafResolver,
    bunkernet: { server: await deafApi(), timeout: 60_000 },
    dnsbl: { list: "list.test", timeout: 10_000 },
  });
  guard.ready().catch(() => undefined);
  await withTimeout(guard.close(), WATCHDOG_MS);
});

test("reports that BunkerNet did not take before close() are kept for the next start", async () => {
  const cacheDir = mkdtempSync(join(tmpdir(), "bunker-close-"));
  stops.push(() => rmSync(cacheDir, { recursive: true, force: true }));
  let held = true;
  const api = await startContract();
  stops.push(() => api.close());
  const { port } = new URL(api.url);
  const sockets = new Set<Socket>();
  // An API that hangs at first and then works, at one address.
  const front = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    if (held) return;
    const back = connect(Number(port), "127.0.0.1").on("error", () => socket.destroy());
    sockets.add(back);
    socket.pipe(back).pipe(socket);
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  stops.push(() => {
    for (const socket of sockets) socket.destroy();
    front.close();
  });
  const server = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  const start = () => {
    const store = new MemoryStore();
    return { store, guard: bunkernet({ store, cacheDir, server, timeout: 60_000, logger: false }) };
  };
  const first = start();
  await new BanList(first.store).add(VISITOR, { reason: "bad behavior", source: {} });
  await visit(first.guard, true);
  await withTimeout(first.guard.close(), WATCHDOG_MS);
  expect(api.reports).toEqual([]);
  held = false;
  const next = start();
  await next.guard.flush();
  await until(() => api.reports.length > 0);
  expect(api.reports).toMatchObject([{ ip: VISITOR }]);
  await next.guard.close();
});

test.each(LIBRARIES.map((library) => [library.name, library] as const))(
  "RedisStore.close() on a frozen server returns, with a client of %s",
  async (_name, library) => {
    const redis = await startRedis();
    stops.push(() => redis.stop("SIGKILL"));
    const { client, end } = await library.standalone(redis.url);
    stops.push(end);
    const store = new RedisStore({ client, logger: false });
    await store.ready();
    redis.child.kill("SIGSTOP");
    const call = store.hit("hit:8.8.8.8|x", 60, 5);
    store.close();
    store.close();
    // What is under way ends within its own deadline.
    await withTimeout(
      call.catch(() => undefined),
      WATCHDOG_MS,
    );
  },
);
