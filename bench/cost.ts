// What each protection costs per request, next to an empty middleware and to other packages: bytes allocated and CPU time.
// `--bytes` and `--cpu` measure only one of the two; `--profile` shows where the whole stack spends its time instead.
import { measureAllocations, type Allocations } from "./cost/allocations.js";
import { measureCpuTime, type CpuTimes } from "./cost/cpu-time.js";
import { BASE, HELMET, Stand, STEPS, WHOLE } from "./cost/steps.js";
import { selfTimes } from "./harness/cpu-profile.js";
import { printTable, writeResults } from "./harness/report.js";
import { median, medianBounds } from "./harness/statistics.js";

const quick = process.argv.includes("--quick");
const only = ["--bytes", "--cpu"].find((flag) => process.argv.includes(flag));
const ALLOCATIONS = { runs: quick ? 2 : 3, warmUp: quick ? 4000 : 10_000, windows: 3, requests: 2000 };
const CPU = { starts: quick ? 2 : 10, warmUp: quick ? 4000 : 10_000, slices: quick ? 15 : 40, requests: 400 };
const PROFILED = { warmUp: 20_000, requests: 40_000 };

type Row = Record<string, string | number>;

interface Goal extends Row {
  goal: string;
  measured: string;
  bounds: string;
  result: "reached" | "MISSED";
}

/** The ratio of the base's CPU time to a step's in each start, which is 1 for a step that costs nothing. */
function ratios(times: CpuTimes, step: string, base: string): number[] {
  const own = times.get(step) ?? [];
  return (times.get(base) ?? []).map((time, start) => time / (own[start] ?? NaN));
}

/** The difference between the largest and the smallest value, in percent of the median. */
function spread(values: readonly number[]): number {
  return ((Math.max(...values) - Math.min(...values)) / median(values)) * 100;
}

function byteRows(bytes: Allocations): Row[] {
  const of = (step: string): number => median(bytes.get(step) ?? []);
  return STEPS.map(({ name, above }) => ({
    server: name,
    "bytes a request": Math.round(of(name)),
    "above empty": Math.round(of(name) - of(BASE)),
    "own bytes": above === undefined ? 0 : Math.round(of(name) - of(above)),
    "spread %": spread(bytes.get(name) ?? []).toFixed(2),
  }));
}

function cpuRows(times: CpuTimes): Row[] {
  return STEPS.map(({ name, above = BASE }) => {
    const own = times.get(name) ?? [];
    const byCpu = ratios(times, name, BASE);
    const { lower, upper } = medianBounds(byCpu);
    return {
      server: name,
      "CPU µs": median(own).toFixed(1),
      // Within one start the difference is steadier than that of the medians.
      "own µs": median(own.map((time, start) => time - (times.get(above)?.[start] ?? NaN))).toFixed(1),
      "ratio to empty": median(byCpu).toFixed(3),
      "95 % bounds": `${lower.toFixed(3)} to ${upper.toFixed(3)}`,
    };
  });
}

function byteGoals(bytes: Allocations): Goal[] {
  const base = bytes.get(BASE) ?? [];
  const above = (bytes.get(WHOLE) ?? []).map((whole, run) => Math.round(whole - (base[run] ?? NaN)));
  const most = Math.max(...above);
  return [
    {
      goal: "the whole stack allocates at most 1200 bytes per request above the empty middleware, in each run",
      measured: String(Math.round(median(above))),
      bounds: `${Math.min(...above)} to ${most}`,
      result: most <= 1200 ? "reached" : "MISSED",
    },
  ];
}

function cpuGoals(times: CpuTimes): Goal[] {
  const against = (base: string, least: number, leastBound: number, goal: string): Goal => {
    const found = ratios(times, WHOLE, base);
    const { lower, upper } = medianBounds(found);
    return {
      goal,
      measured: median(found).toFixed(3),
      bounds: `${lower.toFixed(3)} to ${upper.toFixed(3)}`,
      result: median(found) >= least && lower >= leastBound ? "reached" : "MISSED",
    };
  };
  return [
    against(
      BASE,
      0.92,
      0.9,
      "the whole stack is at least 0.92 of the empty middleware, lower bound at least 0.90",
    ),
    against(HELMET, 1, 1, "the whole stack is not dearer than helmet, lower bound at least 1"),
  ];
}

async function compare(): Promise<void> {
  const bytes = only === "--cpu" ? undefined : await measureAllocations(STEPS, ALLOCATIONS);
  const times = only === "--bytes" ? undefined : await measureCpuTime(STEPS, CPU);
  if (bytes !== undefined)
    console.log(
      `\nBytes: ${ALLOCATIONS.runs} runs, ${ALLOCATIONS.windows} windows of ${ALLOCATIONS.requests} requests each.`,
    );
  if (times !== undefined)
    console.log(
      `\nCPU time: ${CPU.starts} starts of all servers, ${CPU.slices} slices of ${CPU.requests} requests each, in turns.`,
    );
  const ofBytes = bytes === undefined ? [] : byteRows(bytes);
  const ofCpu = times === undefined ? [] : cpuRows(times);
  const rows = STEPS.map((_, index) => ({ ...ofBytes[index], ...ofCpu[index] }));
  const goals = [...(bytes ? byteGoals(bytes) : []), ...(times ? cpuGoals(times) : [])];
  console.log("");
  printTable(rows);
  console.log("");
  printTable(goals);
  writeResults("cost", {
    rows,
    goals,
    bytes: Object.fromEntries(bytes ?? []),
    cpuMicroseconds: Object.fromEntries(times ?? []),
  });
}

async function profile(): Promise<void> {
  const stand = await Stand.start(STEPS.filter(({ name }) => name === WHOLE));
  try {
    await stand.send(WHOLE, PROFILED.warmUp);
    const recorded = await stand.server(WHOLE).profile(() => stand.send(WHOLE, PROFILED.requests));
    const places = selfTimes(recorded);
    console.log(`\nSelf time of the whole stack's server, ${PROFILED.requests} requests.\n`);
    printTable(places.map(({ place, share }) => ({ place, "self time %": (share * 100).toFixed(2) })));
    writeResults("cost-profile", { requests: PROFILED.requests, places });
  } finally {
    await stand.stop();
  }
}

(process.argv.includes("--profile") ? profile() : compare()).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
