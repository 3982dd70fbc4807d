// The cost of DNS blocklists: requests of known clients compared with bare Express, uncached look-ups per second against
// rbldnsd, how long a client's first request waits, and the memory that a scan by 100 000 addresses leaves in use.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { performance } from "node:perf_hooks";
import { dnsbl, MemoryStore, type Dnsbl } from "express-bunker";
import { startHostile } from "../__tests__/dnsbl/hostile-server.js";
import { startRbldnsd } from "../__tests__/dnsbl/list-server.js";
import { startLoader } from "./harness/loader.js";
import { Report } from "./harness/report.js";
import { startServer } from "./harness/server-process.js";
import { median, medianBounds } from "./harness/statistics.js";
import { ADDRESSES } from "./servers/clients.js";

const quick = process.argv.includes("--quick");
const PAIRS = quick ? 3 : 11;
const SECONDS = quick ? 1 : 2;
const SCAN = 100_000;

/** The `index`th public address of a scan. */
const addressOf = (index: number): string => `45.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;

async function cached(): Promise<Record<string, number>[]> {
  const names = ["bare", "empty-middleware", "bunker-plain", "dnsbl-cached"] as const;
  const servers = await Promise.all(names.map((name) => startServer(name)));
  const loader = startLoader(ADDRESSES.map((address) => ({ "X-Forwarded-For": address })));
  const rounds: number[][] = [];
  try {
    // The first round is a warm-up and fills the cache.
    for (let round = 0; round <= PAIRS; round++) {
      const rates: number[] = [];
      for (const { origin } of servers) {
        const { requests, seconds, statuses } = await loader.measure({
          origin,
          connections: 32,
          seconds: SECONDS,
        });
        if (Object.keys(statuses).join() !== "200") throw new Error(JSON.stringify(statuses));
        rates.push(requests / seconds);
      }
      if (round > 0) rounds.push(rates);
    }
  } finally {
    loader.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
  return [0, 1, 2].map((baseline) => {
    const ratios = rounds.map((rates) => (rates[3] as number) / (rates[baseline] as number));
    return {
      baseline,
      ratio: median(ratios),
      ...medianBounds(ratios),
      perSecond: median(rounds.map((rates) => rates[3] as number)),
    };
  });
}

async function cold(): Promise<number> {
  const server = await startRbldnsd();
  const guard = dnsbl({
    store: new MemoryStore(),
    logger: false,
    resolver: { servers: [server.server] },
    maxLookups: 1000,
  });
  await guard.sync();
  const count = quick ? 5000 : 30_000;
  let next = 0;
  const started = performance.now();
  const worker = async (): Promise<void> => {
    while (next < count) await guard.check(addressOf(next++));
  };
  await Promise.all(Array.from({ length: 128 }, worker));
  const rate = (count / (performance.now() - started)) * 1000;
  await guard.close();
  await server.stop();
  return rate;
}

/** Starts a name server in a separate process. It delays every response by `delay` ms, and never responds for `dead.test`. */
async function nameServer(delay: number): Promise<{ server: string; child: ChildProcess }> {
  const child = fork(__filename, [`--name-server=${delay}`]);
  const [server] = (await once(child, "message")) as [string];
  return { server, child };
}

/** Measures how long the first requests of new clients take, in ms; with `warm`, the requests of known clients. */
async function latency(
  delay: number,
  list: string,
  warm = false,
): Promise<{ p50: number; p99: number; late: number }> {
  const { server, child } = await nameServer(delay);
  const guard = dnsbl({
    store: new MemoryStore(),
    logger: false,
    trustProxy: "loopback",
    list,
    resolver: { servers: [server] },
  });
  const http = createServer((req, res) => guard(req, res, () => res.end("hello")));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const times: number[] = [];
  const count = quick ? 100 : 400;
  const ask = async (index: number): Promise<number> => {
    const started = performance.now();
    const headers = { "X-Forwarded-For": addressOf(index) };
    const sent = request({ host: "127.0.0.1", port, headers, agent: false }).end();
    const [response] = (await once(sent, "response")) as [NodeJS.ReadableStream];
    response.resume();
    await once(response, "end");
    return performance.now() - started;
  };
  // With a dead zone, sync() would detect it beforehand, and the wait of the first visitors could not be measured.
  if (!list.includes("dead")) await guard.sync();
  for (let index = 0; index < 20; index++) await ask(warm ? index : SCAN + index);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) times.push(await ask(warm ? next++ % 20 : next++));
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  const { late } = guard.status();
  http.closeAllConnections();
  http.close();
  await guard.close();
  child.kill();
  times.sort((a, b) => a - b);
  return { p50: times[times.length >> 1] ?? NaN, p99: times[Math.floor(times.length * 0.99)] ?? NaN, late };
}

async function scan(): Promise<Record<string, number>> {
  const { server, child } = await nameServer(20);
  const store = new MemoryStore();
  const guard: Dnsbl = dnsbl({
    store,
    logger: false,
    trustProxy: "loopback",
    list: "a.test b.test c.test",
    resolver: { servers: [server] },
  });
  await guard.sync();
  const collect = (globalThis as { gc?: () => void }).gc;
  collect?.();
  const before = process.memoryUsage().heapUsed;
  let passed = 0;
  let mostInFlight = 0;
  for (let index = 0; index < SCAN; index++) {
    const req = {
      method: "GET",
      url: "/",
      headers: { "x-forwarded-for": addressOf(index) },
      socket: { remoteAddress: "127.0.0.1" },
    };
    guard(req as never, {} as never, () => passed++);
    if (index % 50 !== 49) continue;
    mostInFlight = Math.max(mostInFlight, guard.status().inFlight);
    await new Promise((resolve) => setImmediate(resolve));
  }
  while (passed < SCAN) await new Promise((resolve) => setTimeout(resolve, 10));
  collect?.();
  const { shed, remembered } = guard.status();
  const heap = (process.memoryUsage().heapUsed - before) / 2 ** 20;
  await guard.close();
  child.kill();
  return { passed, mostInFlight, shed, remembered, heapMb: heap };
}

async function main(): Promise<void> {
  const report = new Report("dnsbl");
  const known = await cached();
  report.table(
    `Requests of known clients: ${PAIRS} rounds of ${SECONDS} s, in turns`,
    known.map(({ baseline, ratio, lower, upper, perSecond }) => ({
      "known clients, against":
        ["bare Express", "one empty middleware", "bunker() without DNSBL"][baseline as number] ?? "",
      "median ratio": (ratio as number).toFixed(3),
      "lower bound": (lower as number).toFixed(3),
      "upper bound": (upper as number).toFixed(3),
      "req/s": Math.round(perSecond as number),
    })),
  );
  const perSecond = await cold();
  report.table("Uncached look-ups in 3 zones of rbldnsd", [{ "addresses/s": Math.round(perSecond) }]);
  const cases: [string, number, string, boolean][] = [
    ["known client", 0, "list.test", true],
    ["0 ms", 0, "list.test", false],
    ["20 ms", 20, "list.test", false],
    ["200 ms", 200, "list.test", false],
    ["one of two zones dead", 0, "list.test dead.test", false],
  ];
  const latencies = [];
  for (const [name, delay, list, warm] of cases)
    latencies.push({ name, ...(await latency(delay, list, warm)) });
  report.table(
    "How long a client's first request waits",
    latencies.map(({ name, p50, p99, late }) => ({
      "first request, zones respond after": name,
      "p50 ms": p50.toFixed(1),
      "p99 ms": p99.toFixed(1),
      "passed at the timeout": late,
    })),
  );
  const scanned = await scan();
  report.table(`A scan by ${SCAN} addresses`, [scanned]);
  report.write();
}

const role = process.argv.find((argument) => argument.startsWith("--name-server="));
if (role === undefined) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
} else {
  void startHostile().then((server) => {
    const sound = server.answer;
    server.delay = Number(role.split("=")[1]);
    server.answer = (name) => (name.endsWith("dead.test") ? "silence" : sound(name));
    // The server records every query; 300 000 of them would fill the memory.
    server.asked.push = () => 0;
    process.send?.(server.server);
  });
  process.once("disconnect", () => process.exit());
}
