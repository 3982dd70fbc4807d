// MemoryStore compared with plain node-cache and a plain Map, and under a flood of two million addresses. The contenders take
// turns within one run, and only ratios are meaningful. A stall is the longest turn of the event loop with 50 calls in it,
// without garbage collection and without the time in which other programs ran instead of this thread.
import { execFile } from "node:child_process";
import { closeSync, openSync, readSync } from "node:fs";
import { PerformanceObserver, performance } from "node:perf_hooks";
import { promisify } from "node:util";
import { setFlagsFromString } from "node:v8";
import NodeCache from "node-cache";
import { MemoryStore } from "express-bunker/store";
import { Report } from "./harness/report.js";
import { median } from "./harness/statistics.js";

// Observers are not called for incremental marking, and one of its steps may take 50 ms. Without it they see every collection.
setFlagsFromString("--no-incremental-marking");

const quick = process.argv.includes("--quick");
const OPS = 200_000;
const CALLS_PER_TURN = 50;
const FLOOD = 2_000_000;
const WINDOW = 60;
const LIMIT = 10;

interface Contender {
  set(key: string, value: string): void;
  get(key: string): unknown;
  hit(key: string): unknown;
  /** One check of all keys for expired ones, if the contender checks them all at once. */
  sweep?(): void;
  close?(): void;
}

const CONTENDERS: Readonly<Record<string, () => Contender>> = {
  MemoryStore: () => {
    const store = new MemoryStore({ maxKeys: { hit: 1_000_000, cache: 1_000_000 } });
    return {
      set: (key, value) => store.set(`cache:${key}`, value, 3600),
      get: (key) => store.get(`cache:${key}`),
      hit: (key) => store.hit(`hit:${key}`, WINDOW, LIMIT),
      close: () => store.close(),
    };
  },
  "node-cache": () => {
    const cache = new NodeCache();
    return {
      set: (key, value) => cache.set(`cache:${key}`, value, 3600),
      get: (key) => cache.get(`cache:${key}`),
      hit: (key) => cache.set(`hit:${key}`, slid(cache.get<number[]>(`hit:${key}`)), WINDOW),
      // node-cache runs this every `checkperiod`, by default every 600 s.
      sweep: () => (cache as unknown as { _checkData(again: boolean): void })._checkData(false),
      close: () => cache.close(),
    };
  },
  Map: () => {
    const map = new Map<string, unknown>();
    return {
      set: (key, value) => map.set(`cache:${key}`, { value, expires: Date.now() + 3_600_000 }),
      get: (key) => map.get(`cache:${key}`),
      hit: (key) => map.set(`hit:${key}`, slid(map.get(`hit:${key}`) as number[] | undefined)),
    };
  },
};

/** A minimal sliding window: the last hits within it, and a new one. */
function slid(times: number[] = []): number[] {
  const now = Date.now();
  return [...times.filter((time) => now - time < WINDOW * 1000), now].slice(-LIMIT);
}

/** A public-looking address for a number, different for each number and in no order. */
function address(index: number): string {
  const bits = Math.imul(index, 2_654_435_761) >>> 0;
  return `${1 + ((bits >>> 24) % 220)}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}|${index & 1023}`;
}

/** Records garbage collections and the time in which this thread ran. */
class Account {
  private readonly pauses: { from: number; to: number }[] = [];
  private readonly observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      this.pauses.push({ from: startTime, to: startTime + duration });
  });
  private readonly stat = process.platform === "linux" ? openSync("/proc/self/schedstat", "r") : undefined;
  private readonly buffer = Buffer.alloc(64);

  constructor() {
    this.observer.observe({ entryTypes: ["gc"] });
  }

  /** How long the main thread has run so far, in ms, exact to a few ms. Without /proc it is the time since the start. */
  ran(): number {
    if (this.stat === undefined) return performance.now();
    const length = readSync(this.stat, this.buffer, 0, 64, 0);
    return Number(this.buffer.toString("latin1", 0, length).split(" ")[0]) / 1e6;
  }

  /** How long garbage collection took between two times, in ms. */
  collected(from: number, to: number): number {
    return this.pauses.reduce(
      (sum, pause) => sum + Math.max(0, Math.min(to, pause.to) - Math.max(from, pause.from)),
      0,
    );
  }

  close(): void {
    this.observer.disconnect();
    if (this.stat !== undefined) closeSync(this.stat);
  }
}

interface Run {
  perSecond: number;
  /** The longest turn of the event loop without garbage collection and waiting, in ms. */
  stall: number;
  /** The longest turn with both, in ms. */
  gross: number;
  /** Garbage collection in total, in ms. */
  collected: number;
}

/** Makes `count` calls, {@link CALLS_PER_TURN} in each turn of the event loop. */
async function run(count: number, call: (index: number) => void): Promise<Run> {
  const account = new Account();
  const long: { from: number; to: number; ran: number }[] = [];
  let busy = 0;
  for (let done = 0; done < count; done += CALLS_PER_TURN) {
    const ranBefore = account.ran();
    const from = performance.now();
    for (let index = done; index < Math.min(count, done + CALLS_PER_TURN); index++) call(index);
    await new Promise((resolve) => setImmediate(resolve));
    const to = performance.now();
    busy += to - from;
    if (to - from > 2) long.push({ from, to, ran: account.ran() - ranBefore });
  }
  // The observer is called with some delay.
  await new Promise((resolve) => setTimeout(resolve, 50));
  // The store took no longer than the turn without its collections, and no longer than the thread ran in that turn.
  const stalls = long.map(({ from, to, ran }) => Math.min(to - from - account.collected(from, to), ran));
  const collected = account.collected(0, Infinity);
  account.close();
  return {
    perSecond: (count / busy) * 1000,
    stall: Math.max(2, ...stalls),
    gross: Math.max(2, ...long.map(({ from, to }) => to - from)),
    collected,
  };
}

interface Figures {
  fill: Run;
  set: Run;
  get: Run;
  hit: Run;
  sweep: number;
}

async function measure(make: () => Contender, size: number): Promise<Figures> {
  const contender = make();
  const random = (index: number): string => address(Math.imul(index, 48_271) % size);
  const calls = Math.min(OPS, size * 10);
  const fill = await run(size, (index) => contender.set(address(index), "x"));
  const set = await run(calls, (index) => contender.set(random(index), "y"));
  const get = await run(calls, (index) => void contender.get(random(index)));
  const hit = await run(calls, (index) => void contender.hit(random(index)));
  const before = performance.now();
  contender.sweep?.();
  const sweep = performance.now() - before;
  contender.close?.();
  return { fill, set, get, hit, sweep };
}

async function compare(): Promise<unknown[]> {
  const results = [];
  for (const [size, rounds] of quick
    ? [
        [10_000, 1],
        [100_000, 1],
      ]
    : ([
        [10_000, 3],
        [100_000, 3],
        [1_000_000, 1],
      ] as const)) {
    const runs = new Map<string, Figures[]>(Object.keys(CONTENDERS).map((name) => [name, []]));
    // There is one more round: the first is a warm-up.
    for (let round = 0; round <= rounds; round++) {
      for (const [name, make] of Object.entries(CONTENDERS)) {
        if (round === 0 && size > 10_000) continue;
        globalThis.gc?.();
        const figures = await measure(make, size);
        if (round > 0) runs.get(name)?.push(figures);
      }
    }
    for (const [name, all] of runs) {
      const ops = (part: "fill" | "set" | "get" | "hit") =>
        median(all.map((figures) => figures[part].perSecond));
      const ratio = (part: "set" | "get" | "hit", to: string) =>
        median(
          all.map(
            (figures, round) => figures[part].perSecond / (runs.get(to)?.[round]?.[part].perSecond ?? NaN),
          ),
        );
      const stalls = all.flatMap((figures) => [
        figures.fill.stall,
        figures.set.stall,
        figures.get.stall,
        figures.hit.stall,
      ]);
      results.push({
        keys: size,
        store: name,
        "fill k/s": Math.round(ops("fill") / 1000),
        "set k/s": Math.round(ops("set") / 1000),
        "get k/s": Math.round(ops("get") / 1000),
        "hit k/s": Math.round(ops("hit") / 1000),
        "set, get, hit vs node-cache": (["set", "get", "hit"] as const)
          .map((part) => ratio(part, "node-cache").toFixed(2))
          .join(" "),
        "set, get, hit vs Map": (["set", "get", "hit"] as const)
          .map((part) => ratio(part, "Map").toFixed(2))
          .join(" "),
        "longest stall ms": Math.max(...stalls).toFixed(1),
        "check of all keys ms":
          all[0]?.sweep !== undefined && name === "node-cache"
            ? median(all.map(({ sweep }) => sweep)).toFixed(0)
            : "none",
      });
    }
  }
  return results;
}

let worked = 0;
/** Does arithmetic for some microseconds. */
function work(text: string): void {
  for (let turn = 0; turn < 40; turn++) {
    for (let index = 0; index < text.length; index++)
      worked = Math.imul(worked ^ text.charCodeAt(index), 0x01000193);
  }
}

/** Two million addresses with one bad request each, at the default limits. It runs in a separate process. */
async function flood(contender: string): Promise<void> {
  const store =
    contender === "none" ? undefined : new MemoryStore({ engine: contender as "map" | "node-cache" });
  globalThis.gc?.();
  const rss = process.memoryUsage().rss;
  let throws = 0;
  let most = 0;
  const flooding = await run(quick ? FLOOD / 10 : FLOOD, (index) => {
    try {
      const note = `2026-01-01T00:00:00.000Z GET /wp-content/plugins/${index}/readme.txt 404`;
      if (store === undefined) work(note);
      else store.hit(`hit:${address(index)}|bb|*`, WINDOW, LIMIT, { note });
    } catch {
      throws++;
    }
    if (index % 10_000 === 0) most = Math.max(most, process.memoryUsage().rss);
  });
  globalThis.gc?.();
  const { heapUsed } = process.memoryUsage();
  console.log(
    JSON.stringify({
      engine: contender,
      "hits k/s": Math.round(flooding.perSecond / 1000),
      "longest stall ms": flooding.stall.toFixed(1),
      "longest turn with GC and waiting ms": flooding.gross.toFixed(1),
      "GC in total ms": Math.round(flooding.collected),
      throws,
      "RSS before MB": Math.round(rss / 1e6),
      "RSS peak MB": Math.round(most / 1e6),
      "heap after MB": Math.round(heapUsed / 1e6),
    }),
  );
  store?.close();
}

async function floods(): Promise<Record<string, string | number>[]> {
  const rows = [];
  // "none" works for as long without a store, to show the noise of the machine.
  for (const engine of ["none", "map", "node-cache", "map"]) {
    const args = ["--expose-gc", __filename, "flood", engine, ...(quick ? ["--quick"] : [])];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    rows.push(JSON.parse(stdout) as Record<string, string | number>);
  }
  return rows;
}

async function main(): Promise<void> {
  const place = process.argv.indexOf("flood");
  if (place !== -1) {
    await flood(process.argv[place + 1] ?? "map");
    return;
  }
  const comparison = (await compare()) as Record<string, string | number>[];
  const report = new Report("store");
  report.table("The engines of MemoryStore", comparison);
  report.table(
    `${FLOOD} addresses, one bad request each, at the default budgets (500 000 counters)`,
    await floods(),
  );
  report.write();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
