import { bunker } from "../../src/index.js";
import { healthz } from "../../src/metrics/index.js";
import { RedisStore } from "../../src/redis/index.js";
import { startRedis } from "../redis/servers.js";
import { ask } from "../support/ask.js";
import { freePort } from "../support/server-process.js";
import { site } from "../support/site.js";
import { until } from "../support/until.js";
import { at, meteredSite, scrape, sum } from "./site.js";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

test("on Redis: store calls are timed, and while Redis is away the store is degraded and writes wait", async () => {
  const redis = await startRedis();
  ends.push(() => redis.stop("SIGKILL"));
  const store = new RedisStore({ url: redis.url, logger: false });
  ends.push(() => store.close());
  const { url, guard, status } = await meteredSite(() => ({ badBehavior: { threshold: 5 }, logger: false }), {
    store,
    behind: (_req, res) => {
      res.statusCode = 404;
      res.end();
    },
  });
  await guard.ready();
  await status("9.9.9.9");
  await until(async () => sum(await scrape(url), "store_seconds_count", 'operation="hit"') === 1);
  expect(sum(await scrape(url), "degraded", 'part="bans"')).toBe(0);
  await redis.stop("SIGKILL");
  await guard.bans.add("9.9.9.10").catch(() => undefined);
  await until(async () => ((await scrape(url)).get('queue_length{queue="store_writes"}') ?? 0) > 0);
  await until(async () => sum(await scrape(url), "degraded", 'part="bans"') === 1);
  expect((await scrape(url)).get("bans_active")).toBe(1);
});

test("503 until the bans of the store are known, with the reason; afterwards an outage is only degraded", async () => {
  const port = await freePort();
  const store = new RedisStore({ url: `redis://127.0.0.1:${port}`, logger: false });
  ends.push(() => store.close());
  const { url } = await site(
    (shared) => bunker({ ...shared, bunkernet: false, readyTimeout: 0.1, logger: false }),
    { store, mount: (guard) => [at("/healthz", healthz(guard)), guard] },
  );
  const early = await ask(url, "/healthz");
  expect([early.status, early.json["status"]]).toEqual([503, "starting"]);
  await until(async () =>
    Object.keys((await ask(url, "/healthz")).json["degraded"] as object).includes("ready"),
  );
  const redis = await startRedis([], port);
  ends.push(() => redis.stop("SIGKILL"));
  await until(async () => (await ask(url, "/healthz")).status === 200);
  await redis.stop("SIGKILL");
  await until(async () => (await ask(url, "/healthz")).json["status"] === "degraded");
  expect((await ask(url, "/healthz")).status).toBe(200);
});
