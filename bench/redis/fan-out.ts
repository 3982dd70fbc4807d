import { performance } from "node:perf_hooks";
import { BanList } from "express-bunker";
import { RedisStore } from "express-bunker/redis";
import type { MeasuredRedis } from "./redis-server.js";

const AT_A_TIME = 50;

const open = async (redis: MeasuredRedis): Promise<RedisStore> => {
  const store = new RedisStore({ url: redis.url, timeout: 900 });
  await store.ready();
  return store;
};

/** Measures the cost of a ban for Redis by the number of subscribed instances, all of them in this process. */
export async function measureFanOut(
  redis: MeasuredRedis,
  listeners: readonly number[],
  count: number,
): Promise<Record<string, string | number>[]> {
  const rows = [];
  for (const many of listeners) {
    await redis.flush();
    const stores = await Promise.all(Array.from({ length: many }, () => open(redis)));
    const bans = new BanList(stores[0] as RedisStore);
    await bans.get("45.0.0.0");
    const before = await redis.numbers();
    await ban(bans, count);
    const after = await redis.numbers();
    const each = (number: string): number => ((after[number] ?? 0) - (before[number] ?? 0)) / count;
    rows.push({
      "subscribed instances": many,
      "Redis CPU µs per ban": ((each("used_cpu_user") + each("used_cpu_sys")) * 1e6).toFixed(0),
      "bytes from Redis per ban": Math.round(each("total_net_output_bytes")),
    });
    for (const store of stores) store.close();
  }
  await redis.flush();
  return rows;
}

/** Measures how long a new instance takes to load all existing bans. */
export async function measureStart(
  redis: MeasuredRedis,
  count: number,
): Promise<Record<string, string | number>[]> {
  await redis.flush();
  const first = await open(redis);
  await ban(new BanList(first), count);
  first.close();
  const started = performance.now();
  const second = await open(redis);
  const bans = new BanList(second);
  const known = await bans.get("45.0.0.0");
  const took = performance.now() - started;
  second.close();
  await redis.flush();
  if (known === undefined) throw new Error("the instance has not loaded the bans");
  return [{ bans: count, "loaded after ms": Math.round(took), "bans/s": Math.round((count / took) * 1000) }];
}

async function ban(bans: BanList, count: number): Promise<void> {
  for (let first = 0; first < count; first += AT_A_TIME) {
    await Promise.all(
      Array.from({ length: Math.min(AT_A_TIME, count - first) }, (_, index) => {
        const at = first + index;
        return bans.add(`45.${at >> 16}.${(at >> 8) & 255}.${at & 255}`, { ttl: 86_400 });
      }),
    );
  }
}
