import { bunker, BanList, type Bunker } from "../../src/index.js";
import { RedisStore, type RedisStoreOptions } from "../../src/redis/index.js";
import { ask } from "../support/ask.js";
import { EXPRESS, plainSite, serve } from "../support/hosts.js";
import { startSlowProxy, type SlowProxy } from "../support/slow-proxy.js";
import { until } from "../support/until.js";
import { redisOfFile } from "./redis-of-file.js";

const THRESHOLD = 10;
const ATTACKERS = 50;

const { redis, stops } = redisOfFile();
let proxy: SlowProxy;
beforeEach(async () => {
  proxy = await startSlowProxy(redis.port);
});
afterEach(async () => {
  await proxy.close();
});

const lines: string[] = [];
beforeEach(() => void (lines.length = 0));
const keep = (line: string): void => void lines.push(line);

async function startApp(
  options: RedisStoreOptions = {},
): Promise<{ url: string; guard: Bunker; store: RedisStore }> {
  const logger = { info: keep, warn: keep, error: keep };
  const store = new RedisStore({ url: `redis://127.0.0.1:${proxy.port}`, logger, ...options });
  await store.ready();
  const guard = bunker({ store, logger: false, badBehavior: { threshold: THRESHOLD } });
  await guard.ready();
  const app = await serve(EXPRESS.app([guard], plainSite));
  stops.push(
    () => store.close(),
    () => guard.close(),
    () => app.close(),
  );
  return { url: app.url, guard, store };
}

/** Sends bad requests until it is refused; returns how many reached the app. */
async function attack(url: string, from: string, pause: number): Promise<number> {
  for (let reached = 0; reached < 4 * THRESHOLD; reached++) {
    if ((await ask(url, "/missing", { from })).status === 403) return reached;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return Infinity;
}

const attackers = Array.from({ length: ATTACKERS }, (_, at) => `8.9.1.${at + 1}`);

describe("R39 a slow Redis does not switch counting off", () => {
  test.each<[string, number | (() => number)]>([
    ["150 ms", 150],
    ["300 ms", 300],
    ["500 ms", 500],
    ["950 ms, above every timeout", 950],
    ["fast and slow by turns", () => (Math.floor(performance.now() / 700) % 2 === 0 ? 5 : 400)],
    ["any delay up to 600 ms", () => 600 * Math.random()],
  ])("none of 50 attackers escapes the ban: %s", async (_name, delay) => {
    const { url } = await startApp();
    proxy.delay = delay;
    const reached = await Promise.all(attackers.map((from, at) => attack(url, from, 20 + at * 3)));
    expect(reached.filter((count) => count > 2 * THRESHOLD)).toEqual([]);
  });

  test("bad requests that two instances share: a count that arrives late still bans", async () => {
    const one = await startApp({ timeout: 50 });
    const two = await startApp({ timeout: 50 });
    await one.guard.bans.list();
    for (let count = 0; count < THRESHOLD - 1; count++) await ask(one.url, "/missing", { from: "8.9.2.1" });
    proxy.delay = 200;
    // One more, at the other instance, which knows of no other: its own count says 1.
    expect((await ask(two.url, "/missing", { from: "8.9.2.1" })).status).toBe(404);
    await until(() => new BanList(two.store).get("8.9.2.1"));
    expect((await ask(two.url, "/", { from: "8.9.2.1" })).status).toBe(403);
  });

  test("the outage is over once several replies in a row came in time, and what was counted meanwhile still counts", async () => {
    const { store } = await startApp({ timeout: 50 });
    proxy.delay = 950;
    await until(async () => {
      await store.increment("hit:notice|x", 1, 60);
      return lines.some((line) => line.includes("Redis is away"));
    });
    for (let count = 1; count <= 5; count++)
      expect(await store.hit("hit:8.9.3.1|x", 60, 10)).toMatchObject({ count });
    proxy.delay = 0;
    await until(() => lines.some((line) => line.includes("Redis is back")));
    expect(await store.hit("hit:8.9.3.1|x", 60, 10)).toMatchObject({ count: 6 });
    // R26: the counters go with the ban, those kept here, too.
    const bans = new BanList(store);
    await bans.add("8.9.3.1");
    await bans.remove("8.9.3.1");
    expect(await store.hit("hit:8.9.3.1|x", 60, 10)).toMatchObject({ count: 1 });
  });

  test("a timeout below the round trip is said once, and adapts up to 900 ms", async () => {
    const { store } = await startApp();
    proxy.delay = 300;
    const there = async (): Promise<boolean> => (await store.get("cache:8.9.4.1|x")) === "there";
    await until(async () => {
      await store.set("cache:8.9.4.1|x", "there", 60);
      return lines.some((line) => line.includes("Redis replies after")) && (await there());
    });
    await until(there);
    for (let count = 0; count < 10; count++) await there();
    expect(lines.filter((line) => line.includes("Redis replies after"))).toEqual([
      expect.stringMatching(/^WRN_BUNKER_REDIS: Redis replies after about \d{3} ms.*"timeout" \(100 ms\)/),
    ]);
  });
});
