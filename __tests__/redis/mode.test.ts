import { bunker, StoreFailure, type Bunker } from "../../src/index.js";
import { RedisStore, type RedisStoreOptions } from "../../src/redis/index.js";
import { ask } from "../support/ask.js";
import { EXPRESS, plainSite, serve } from "../support/hosts.js";
import { startSlowProxy } from "../support/slow-proxy.js";
import { until } from "../support/until.js";
import { redisOfFile } from "./redis-of-file.js";

const BANNED = "9.9.9.9";

const { redis, stops } = redisOfFile();

interface Instance {
  readonly guard: Bunker;
  readonly lines: string[];
  readonly status: () => Promise<number>;
}

// Nobody waits for `ready()`: the first request comes at once.
async function instance(options: Partial<RedisStoreOptions> = {}): Promise<Instance> {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const store = new RedisStore({ url: redis.url, timeout: 900, logger: false, ...options });
  const guard = bunker({
    store,
    logger: { info: write, warn: write, error: write },
    bunkernet: false,
  });
  const app = await serve(EXPRESS.app([guard], plainSite));
  stops.push(
    () => store.close(),
    () => app.close(),
    () => guard.close(),
  );
  return { guard, lines, status: async () => (await ask(app.url, "/", { from: BANNED })).status };
}

test("R27 the mode that one instance sets is in force on the others, is told in their logs, and is undone everywhere", async () => {
  const [one, two] = [await instance(), await instance()];
  await Promise.all([one.guard.ready(), two.guard.ready()]);
  await one.guard.bans.add(BANNED);
  await until(async () => (await two.status()) === 403);
  const set = await one.guard.mode("detect", { for: 3600 });
  await until(() => two.guard.mode().mode === "detect");
  expect(two.guard.mode()).toEqual(set);
  expect([await one.status(), await two.status()]).toEqual([200, 200]);
  await two.guard.mode("configured");
  await until(() => one.guard.mode().mode === "block");
  expect([await one.status(), await two.status()]).toEqual([403, 403]);
  for (const { lines } of [one, two])
    expect(lines.filter((line) => /the mode (?:was set to detect|that was set)/.test(line))).toHaveLength(2);
});

test("R27 an instance that starts takes over the mode in force, before its first request is answered", async () => {
  const first = await instance();
  await first.guard.ready();
  await first.guard.bans.add(BANNED);
  const set = await first.guard.mode("detect", { for: 3600 });
  const second = await instance();
  expect(await second.status()).toBe(200);
  expect(second.guard.mode()).toEqual(set);
  const third = await instance();
  await third.guard.ready();
  expect(third.guard.mode()).toEqual(set);
  expect(third.lines.filter((line) => line.includes("the mode was set to detect"))).toHaveLength(1);
});

test("it ends on every instance at the same time, and Redis forgets it", async () => {
  const [one, two] = [await instance(), await instance()];
  await Promise.all([one.guard.ready(), two.guard.ready()]);
  await one.guard.mode("detect", { for: 1 });
  await until(() => two.lines.some((line) => line.includes("set to detect")));
  await until(() => [one, two].every(({ guard }) => guard.mode().mode === "block"));
  await until(async () => (await redis.cli("keys", "bunker:state:*mode")) === "");
  const third = await instance();
  await third.guard.ready();
  expect(third.guard.mode()).toEqual({ mode: "block", configured: "block" });
});

test("what other software does to the key counts, too", async () => {
  const one = await instance();
  await one.guard.ready();
  await one.guard.mode("detect");
  await redis.cli("del", await redis.cli("keys", "bunker:state:*mode"));
  await until(() => one.guard.mode().mode === "block");
});

test("while Redis is away the mode is in force on this instance; the others follow when it is back", async () => {
  const proxy = await startSlowProxy(redis.port);
  stops.push(() => proxy.close());
  const url = `redis://127.0.0.1:${proxy.port}`;
  const other = await instance();
  await other.guard.ready();
  for (const fallback of [true, false]) {
    const one = await instance({ url, timeout: 100, fallback });
    await one.guard.ready();
    proxy.frozen = true;
    const call = one.guard.mode("detect");
    // With `fallback`, the store itself writes it later.
    if (fallback) await call;
    else await expect(call).rejects.toBeInstanceOf(StoreFailure);
    expect([one.guard.mode().mode, other.guard.mode().mode]).toEqual(["detect", "block"]);
    proxy.frozen = false;
    await until(() => other.guard.mode().mode === "detect", 60_000);
    expect(one.guard.mode().mode).toBe("detect");
    // It was not over meanwhile, either.
    expect(one.lines.filter((line) => line.includes("the mode"))).toHaveLength(1);
    await other.guard.mode("configured");
    await until(() => one.guard.mode().mode === "block");
  }
}, 150_000);
