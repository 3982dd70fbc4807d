// The cost of bans: bytes on the heap, in the process and in Redis; how long an instance reads them; a storm over four instances;
// and a flood that a process of 256 MB must survive. Each part runs in a process of its own.
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { loadavg } from "node:os";
import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import { promisify } from "node:util";
import { badBehavior, BanList, MemoryStore } from "express-bunker";
import { RedisStore } from "express-bunker/redis";
import { collect } from "./harness/held-memory.js";
import { Report } from "./harness/report.js";
import { startRedis, type MeasuredRedis } from "./redis/redis-server.js";
import { measureStorm } from "./redis/storm.js";

type Row = Record<string, string | number>;

const quick = process.argv.includes("--quick");
const SIZES = quick ? [10_000, 50_000] : [10_000, 100_000, 1_000_000];
const AT_A_TIME = 100;
const DAY = 86_400;

/** The address of the nth client: one of many in each /32, so that no network has many. */
const addressOf = (index: number): string => {
  const part = (number: number): string => (number & 0xffff).toString(16);
  return `2a${((index >> 16) + 16).toString(16)}:${part(index)}:${part(index * 7)}:${part(index * 13)}::1`;
};

const note = {
  date: "2026-01-01T00:00:00.000Z",
  id: "0123456789AB",
  method: "GET",
  path: "/wp-content/plugins/%E2%82%AC".padEnd(64, "x"),
  status: 404,
};
const ban = { reason: "bad behavior", service: "www.example.com", ttl: DAY, data: [note, note, note] };

function memory(): { heap: number; rss: number } {
  collect();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed + arrayBuffers, rss };
}

async function addAll(bans: BanList, count: number): Promise<void> {
  for (let first = 0; first < count; first += AT_A_TIME) {
    const batch = Array.from({ length: Math.min(AT_A_TIME, count - first) }, (_, index) =>
      bans.addUnlessBanned(addressOf(first + index), ban),
    );
    await Promise.all(batch);
  }
}

/** Bans in a process with a MemoryStore. */
async function fillMemory(count: number): Promise<Row> {
  const bans = new BanList(
    new MemoryStore({ maxBytes: 2 ** 32, maxKeys: { ban: Math.max(count * 2, 1000) } }),
  );
  await bans.add("9.9.9.9");
  const before = memory();
  await addAll(bans, count);
  const after = memory();
  return { heap: (after.heap - before.heap) / count, rss: (after.rss - before.rss) / count };
}

/** Bans in Redis. */
async function fillRedis(count: number, url: string): Promise<Row> {
  const store = new RedisStore({ url, timeout: 900 });
  await store.ready();
  await addAll(new BanList(store), count);
  store.close();
  return { written: count };
}

/** What an instance takes that starts on a Redis with bans. */
async function read(count: number, url: string): Promise<Row> {
  const { guard, close } = await startInstance(url);
  const before = memory();
  const cpu = process.cpuUsage();
  const started = performance.now();
  await guard.ready();
  const seconds = (performance.now() - started) / 1000;
  const used = process.cpuUsage(cpu);
  const after = memory();
  await close();
  return {
    seconds,
    cpu: (used.user + used.system) / 1e6,
    heap: (after.heap - before.heap) / count,
    rss: (after.rss - before.rss) / count,
  };
}

// From Node 24 on that of the thread alone; before, that of the whole process, with the threads that compile.
const cpuOf = (since?: NodeJS.CpuUsage): NodeJS.CpuUsage =>
  (process as { threadCpuUsage?: typeof process.cpuUsage }).threadCpuUsage?.(since) ??
  process.cpuUsage(since);

/**
 * The longest stay of the event loop while such an instance starts, without collections. A stay during which it had less CPU time than
 * the clock went on counts that: another program had the rest. Looking takes CPU, so it is a run of its own.
 */
async function stalls(_count: number, url: string): Promise<Row> {
  const { guard, close } = await startInstance(url);
  const collections: { start: number; end: number }[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      collections.push({ start: startTime, end: startTime + duration });
  });
  observer.observe({ entryTypes: ["gc"] });
  const stays: { start: number; end: number; cpu: number }[] = [];
  let last = performance.now();
  let lastCpu = cpuOf();
  let going = true;
  const tick = (): void => {
    const now = performance.now();
    const { user, system } = cpuOf(lastCpu);
    lastCpu = cpuOf();
    stays.push({ start: last, end: now, cpu: (user + system) / 1000 });
    last = now;
    if (going) setTimeout(tick, 1);
  };
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  tick();
  await guard.ready();
  going = false;
  delay.disable();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const collected = ({ start, end }: { start: number; end: number }): number =>
    collections.reduce(
      (sum, one) => sum + Math.max(0, Math.min(end, one.end) - Math.max(start, one.start)),
      0,
    );
  const own = (one: (typeof stays)[number]): number => Math.min(one.end - one.start, one.cpu);
  let longest = 0;
  for (const one of stays) if (own(one) > longest) longest = Math.max(longest, own(one) - collected(one));
  await close();
  return { stall: longest, "by the clock": delay.max / 1e6 };
}

async function startInstance(url: string) {
  const store = new RedisStore({ url, timeout: 900 });
  await store.ready();
  const guard = badBehavior({ store, logger: false, readyTimeout: 600 });
  const close = async (): Promise<void> => {
    await guard.close();
    store.close();
  };
  return { guard, close };
}

/** Ten bad answers to each of many clients. */
async function flood(clients: number): Promise<Row> {
  const guard = badBehavior({ logger: false, trustProxy: "loopback" });
  const counts = { banned: 0, fault: 0 };
  for (const type of ["banned", "fault"] as const)
    guard.events.on(type, () => {
      counts[type]++;
    });
  const server = createServer((req, res) => guard(req, res, () => void ((res.statusCode = 404), res.end())));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  let answered = 0;
  let rest = "";
  let wake = (): void => undefined;
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    const parts = (rest + chunk).split("HTTP/1.1 ");
    answered += parts.length - 1;
    rest = (parts.at(-1) as string).slice(-8);
    wake();
  });
  let most = 0;
  const started = performance.now();
  for (let client = 0; client < clients; client++) {
    const path = `/${client}`.padEnd(200, "x");
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${addressOf(client)}\r\n\r\n`.repeat(10),
    );
    while ((client + 1) * 10 - answered > 500) await new Promise<void>((resolve) => (wake = resolve));
    if (client % 1000 === 0) most = Math.max(most, process.memoryUsage().rss);
  }
  while (answered < clients * 10) await new Promise<void>((resolve) => (wake = resolve));
  const seconds = (performance.now() - started) / 1000;
  socket.destroy();
  server.close();
  await guard.close();
  return {
    clients,
    answered,
    ...counts,
    seconds: seconds.toFixed(0),
    "RSS at most MB": Math.round(most / 1e6),
  };
}

const PARTS: Readonly<Record<string, (count: number, url: string) => Promise<Row>>> = {
  fillMemory,
  fillRedis,
  read,
  stalls,
  flood,
};

async function inProcess(part: string, count: number, flags: string[], url = ""): Promise<Row> {
  const args = ["--expose-gc", ...flags, __filename, "--part", part, String(count), url];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1e8 });
  return JSON.parse(stdout.trim().split("\n").at(-1) as string) as Row;
}

async function measureBytes(redis: MeasuredRedis): Promise<Row[]> {
  const rows: Row[] = [];
  const large = ["--max-old-space-size=4096"];
  for (const size of SIZES) {
    const memoryStore = await inProcess("fillMemory", size, large);
    await redis.flush();
    const before = await redis.numbers();
    await inProcess("fillRedis", size, large, redis.url);
    const after = await redis.numbers();
    const started = await inProcess("read", size, large, redis.url);
    const stays = await inProcess("stalls", size, large, redis.url);
    const figure = (row: Row, name: string, digits = 0): string => Number(row[name]).toFixed(digits);
    rows.push({
      bans: size,
      "MemoryStore: heap B a ban": figure(memoryStore, "heap"),
      "RSS B a ban": figure(memoryStore, "rss"),
      "Redis: B a ban": Math.round(((after["used_memory"] ?? 0) - (before["used_memory"] ?? 0)) / size),
      "instance on Redis: heap B a ban": figure(started, "heap"),
      "its RSS B a ban": figure(started, "rss"),
      "read in s": figure(started, "seconds", 1),
      "CPU s": figure(started, "cpu", 1),
      "longest stall ms": figure(stays, "stall", 1),
      "by the clock, with GC ms": figure(stays, "by the clock", 1),
    });
    console.log(`${size}: done`);
  }
  return rows;
}

async function main(): Promise<void> {
  const place = process.argv.indexOf("--part");
  if (place !== -1) {
    const [part = "", count = "0", url = ""] = process.argv.slice(place + 1);
    console.log(JSON.stringify(await PARTS[part]?.(Number(count), url)));
    return;
  }
  const load = (): string => `load average ${loadavg()[0]?.toFixed(1)}`;
  const redis = await startRedis();
  process.env["REDIS_URL"] = redis.url;
  try {
    const report = new Report("bans");
    const flooded = await inProcess("flood", quick ? 20_000 : 200_000, ["--max-old-space-size=256"]);
    report.table(`Ten bad answers from each of many /64s, in a heap of 256 MB (${load()})`, [flooded]);
    const bytes = await measureBytes(redis);
    report.table(`Memory and reading time of bans (${load()})`, bytes);
    const storm = await measureStorm(redis, { perSecond: 100_000 / 60, seconds: quick ? 6 : 60 });
    report.table(`A storm of bans over four instances (${load()})`, storm.instances);
    report.table("Redis during the storm", storm.redis);
    report.write();
  } finally {
    await redis.stop();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
