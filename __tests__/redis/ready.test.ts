import { execFileSync } from "node:child_process";
import { writeFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { BanList, bunker, type Bunker, type BunkerOptions } from "../../src/index.js";
import { RedisStore } from "../../src/redis/index.js";
import { startSlowProxy, type SlowProxy } from "../support/slow-proxy.js";
import { until } from "../support/until.js";
import { freePort } from "../support/server-process.js";
import { startRedis, type RedisServer } from "./servers.js";

const BANS = 100_000;

let redis: RedisServer;
let proxy: SlowProxy;
let stops: (() => unknown)[] = [];
beforeEach(async () => {
  redis = await startRedis();
  proxy = await startSlowProxy(redis.port);
});
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
  await proxy.close();
  await redis.stop("SIGKILL");
});

function start(url: string, options: BunkerOptions = {}): Bunker {
  const store = new RedisStore({ url, logger: false });
  const guard = bunker({ store, logger: false, ...options });
  stops.push(
    () => store.close(),
    () => guard.close(),
  );
  return guard;
}

/** Copies one ban to many addresses, inside Redis. */
async function fill(): Promise<void> {
  const store = new RedisStore({ url: redis.url, logger: false, timeout: 900 });
  await store.ready();
  await new BanList(store).add("8.0.0.0", { ttl: 3600, reason: "one of many" });
  // It must not read each of the others when it hears of them.
  store.close();
  const [data = "", index = ""] = (await redis.cli("--raw", "keys", "bunker:*"))
    .split("\n")
    .filter((key) => /ban:\{/.test(key))
    .sort();
  const script = `
    local value, score = redis.call('GET', KEYS[1]), redis.call('ZSCORE', KEYS[2], '8.0.0.0')
    local stem = string.sub(KEYS[1], 1, -8)
    for ban = 1, ${BANS - 1} do
      local rest = string.format('8.%d.%d.%d', math.floor(ban / 65536), math.floor(ban / 256) % 256, ban % 256)
      redis.call('SET', stem .. rest, value, 'PX', 3600000)
      redis.call('ZADD', KEYS[2], score, rest)
    end`;
  const file = join(tmpdir(), `bunker-fill-${process.pid}.lua`);
  await writeFile(file, script);
  stops.push(() => rm(file));
  execFileSync("redis-cli", ["-p", String(redis.port), "--eval", file, data, index]);
}

test("100 000 bans are read through a slow connection that stands still twice, and ready() waits for them", async () => {
  await fill();
  proxy.delay = 100;
  // Long enough for a busy machine; on a quiet one it takes seconds.
  const guard = start(`redis://127.0.0.1:${proxy.port}`, { readyTimeout: 150 });
  const ready = guard.ready();
  let pieces = 0;
  // Two pages are far later than a call may be.
  proxy.delay = () => (++pieces === 40 || pieces === 80 ? 1500 : 20);
  await ready;
  expect((await guard.bans.get("8.0.0.1"))?.reason).toBe("one of many");
  expect(
    (await guard.bans.get(`8.${(BANS - 1) >> 16}.${((BANS - 1) >> 8) & 255}.${(BANS - 1) & 255}`))?.reason,
  ).toBe("one of many");
}, 180_000);

test("ready() waits for a Redis that starts later", async () => {
  const port = await freePort();
  const ready = start(`redis://127.0.0.1:${port}`).ready();
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const late = await startRedis([], port);
  stops.push(() => late.stop("SIGKILL"));
  await ready;
});

test("readyTimeout ends the wait, from the call of ready(), with what is wrong", async () => {
  proxy.frozen = true;
  const guard = start(`redis://127.0.0.1:${proxy.port}`, { readyTimeout: 1 });
  const began = performance.now();
  await expect(guard.ready()).rejects.toThrow(/within 1 s|no answer/);
  // A watchdog far below the default of 30 s.
  expect(performance.now() - began).toBeLessThan(15_000);
  proxy.frozen = false;
  await until(() =>
    guard.ready().then(
      () => true,
      () => false,
    ),
  );
});
