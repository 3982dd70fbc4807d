import { BanList } from "express-bunker";
import { RedisStore } from "express-bunker/redis";
import type { MeasuredRedis } from "./redis-server.js";

const AT_A_TIME = 200;

interface Kind {
  readonly name: string;
  /** Whether every instance also keeps it in memory. */
  readonly copied?: boolean;
  readonly make: (store: RedisStore, bans: BanList, ip: string) => Promise<unknown>;
}

const note = (index: number): string =>
  JSON.stringify({
    date: "2026-01-01T00:00:00.000Z",
    id: "f2b8d1f0a7c64c11",
    method: "GET",
    path: `/wp-content/plugins/${index}/readme.txt`,
    status: 404,
  });
const evidence = Array.from({ length: 10 }, (_, index) => JSON.parse(note(index)) as unknown);

const hits =
  (count: number): Kind["make"] =>
  async (store, _bans, ip) => {
    for (let hit = 0; hit < count; hit++)
      await store.hit(`hit:${ip}|bb|default`, 3600, 10, { note: note(hit) });
  };

const KINDS: readonly Kind[] = [
  { name: "manual ban", copied: true, make: (_store, bans, ip) => bans.add(ip, { reason: "manual" }) },
  {
    name: "ban with ten bad responses",
    copied: true,
    make: (_store, bans, ip) => bans.add(ip, { reason: "bad behavior", data: evidence }),
  },
  { name: "client, one bad response", make: hits(1) },
  { name: "client, ten bad responses", make: hits(10) },
  {
    name: "solved challenge",
    make: (store, _bans, ip) => store.add(`spent:${ip}|f2b8d1f0a7c64c11a7c64c11`, "1", 3600),
  },
  {
    name: "cached look-up",
    make: (store, _bans, ip) => store.set(`cache:${ip}|dnsbl|list.test`, '{"verdict":"clean"}', 3600),
  },
];

/** Measures the cost of one entry of each kind, with one subscribed instance: memory, commands, bytes, CPU time of Redis. */
export async function measureFootprint(
  redis: MeasuredRedis,
  count: number,
): Promise<Record<string, string | number>[]> {
  const rows = [];
  for (const { name, copied, make } of KINDS) {
    await redis.flush();
    const store = new RedisStore({ url: redis.url, timeout: 900 });
    await store.ready();
    const bans = new BanList(store);
    // One entry beforehand loads the scripts into Redis and the ban index into memory.
    await make(store, bans, "9.9.9.9");
    await bans.get("9.9.9.9");
    global.gc?.();
    const heap = process.memoryUsage().heapUsed;
    const before = await redis.numbers();
    for (let first = 0; first < count; first += AT_A_TIME) {
      await Promise.all(
        Array.from({ length: Math.min(AT_A_TIME, count - first) }, (_, index) =>
          make(
            store,
            bans,
            `45.${(first + index) >> 16}.${((first + index) >> 8) & 255}.${(first + index) & 255}`,
          ),
        ),
      );
    }
    const after = await redis.numbers();
    global.gc?.();
    const kept = process.memoryUsage().heapUsed - heap;
    const each = (number: string): number => ((after[number] ?? 0) - (before[number] ?? 0)) / count;
    const cpu = each("used_cpu_user") + each("used_cpu_sys");
    rows.push({
      kind: name,
      "bytes in Redis": Math.round(each("used_memory")),
      "bytes per instance": copied === true ? Math.round(kept / count) : 0,
      commands: each("calls.evalsha").toFixed(2),
      "Redis CPU µs": (cpu * 1e6).toFixed(0),
      "bytes to Redis": Math.round(each("total_net_input_bytes")),
      "bytes from Redis": Math.round(each("total_net_output_bytes")),
    });
    store.close();
    console.log(`${name}: done`);
  }
  await redis.flush();
  return rows;
}
