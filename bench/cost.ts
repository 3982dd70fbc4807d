// What each protection costs per request, next to an empty middleware and to other packages: bytes allocated and CPU time.
// `--bytes` and `--cpu` measure only one of the two; `--profile` shows where the whole stack spends its time instead.
import { measureAllocations, type Allocations } from "./cost/allocations.js";
import { BASE, HELMET, STEPS, WHOLE } from "./cost/steps.js";
import { selfTimes } from "./harness/cpu-profile.js";
import { Report, type Row } from "./harness/report.js";
import { Stand } from "./harness/stand.js";
import { median } from "./harness/statistics.js";
import { describePlan, measureTurns, ratioOf, type Samples } from "./harness/turns.js";

const quick = process.argv.includes("--quick");
const only = ["--bytes", "--cpu"].find((flag) => process.argv.includes(flag));
const BYTES = quick
  ? { runs: 2, warmUp: 6000, windows: 5, requests: 2000 }
  : { runs: 3, warmUp: 10_000, windows: 12, requests: 2000 };
const CPU = quick
  ? { starts: 2, warmUp: 8000, slices: 15, requests: 400 }
  : { starts: 10, warmUp: 20_000, slices: 40, requests: 400 };
const PROFILED = { warmUp: 20_000, requests: 40_000 };
const AT_MOST_BYTES = 1200;

/** The difference between the largest and the smallest value, in percent of the median. */
function spread(values: readonly number[]): number {
  return ((Math.max(...values) - Math.min(...values)) / median(values)) * 100;
}

function byteRows(bytes: Allocations): Row[] {
  const of = (step: string): number => median(bytes.get(step) ?? []);
  return STEPS.map(({ name, above = BASE }) => ({
    server: name,
    "bytes a request": Math.round(of(name)),
    "above empty": Math.round(of(name) - of(BASE)),
    "own bytes": Math.round(of(name) - of(above)),
    "spread %": spread(bytes.get(name) ?? []).toFixed(2),
  }));
}

function cpuRows(samples: Samples): Row[] {
  return STEPS.map(({ name, above = BASE }) => {
    const own = (samples.get(name) ?? []).map(({ cpu }) => cpu);
    const { ratio, text } = ratioOf(samples, name, BASE, "cpu");
    return {
      server: name,
      "CPU µs": median(own).toFixed(1),
      // Within one start the difference is steadier than that of the medians.
      "own µs": median(own.map((cpu, start) => cpu - (samples.get(above)?.[start]?.cpu ?? NaN))).toFixed(1),
      "ratio to empty": ratio.toFixed(3),
      "95 % bounds": text,
    };
  });
}

function setByteGoal(report: Report, bytes: Allocations): void {
  const base = bytes.get(BASE) ?? [];
  const above = (bytes.get(WHOLE) ?? []).map((whole, run) => Math.round(whole - (base[run] ?? NaN)));
  report.goal({
    goal: `whole stack: at most ${AT_MOST_BYTES} bytes allocated per request above the empty middleware, in each run`,
    measured: String(Math.round(median(above))),
    bounds: `${Math.min(...above)} to ${Math.max(...above)}`,
    reached: Math.max(...above) <= AT_MOST_BYTES,
  });
}

function setCpuGoals(report: Report, samples: Samples): void {
  const empty = ratioOf(samples, WHOLE, BASE, "cpu");
  report.goal({
    goal: "whole stack: CPU time at least 0.92 of the empty middleware, lower bound at least 0.90",
    measured: empty.ratio.toFixed(3),
    bounds: empty.text,
    reached: empty.ratio >= 0.92 && empty.lower >= 0.9,
  });
  const helmet = ratioOf(samples, WHOLE, HELMET, "cpu");
  report.goal({
    goal: "whole stack: CPU time not dearer than helmet, lower bound at least 1",
    measured: helmet.ratio.toFixed(3),
    bounds: helmet.text,
    reached: helmet.lower >= 1,
  });
}

async function compare(): Promise<void> {
  const report = new Report("cost");
  const bytes = only === "--cpu" ? undefined : await measureAllocations(STEPS, BYTES);
  const samples = only === "--bytes" ? undefined : await measureTurns(STEPS, CPU);
  const titles: string[] = [];
  if (bytes !== undefined) {
    titles.push(`Bytes: ${BYTES.runs} runs, ${BYTES.windows} windows of ${BYTES.requests} requests each.`);
    setByteGoal(report, bytes);
  }
  if (samples !== undefined) {
    titles.push(`CPU time: ${describePlan(CPU)}.`);
    setCpuGoals(report, samples);
  }
  const ofBytes = bytes === undefined ? [] : byteRows(bytes);
  const ofCpu = samples === undefined ? [] : cpuRows(samples);
  report.table(
    titles.join(" "),
    STEPS.map((_, index) => ({ ...ofBytes[index], ...ofCpu[index] })),
  );
  report.write({ bytes: Object.fromEntries(bytes ?? []), samples: Object.fromEntries(samples ?? []) });
}

async function profile(): Promise<void> {
  const report = new Report("cost-profile");
  const stand = await Stand.start(STEPS.filter(({ name }) => name === WHOLE));
  try {
    await stand.send(WHOLE, PROFILED.warmUp);
    const recorded = await stand.server(WHOLE).profile(() => stand.send(WHOLE, PROFILED.requests));
    const places = selfTimes(recorded);
    const own = places.filter(({ place }) => place.startsWith("dist/"));
    const ownShare = own.reduce((sum, { share }) => sum + share, 0);
    report.table(
      `Self time in the whole stack's server over ${PROFILED.requests} requests; ${(ownShare * 100).toFixed(1)} % in this package.`,
      places.map(({ place, share }) => ({ place, "self time %": (share * 100).toFixed(2) })),
    );
    report.write();
  } finally {
    await stand.stop();
  }
}

(process.argv.includes("--profile") ? profile() : compare()).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
