// What it costs to be watched: the whole stack's hot path with logs, metrics and the dashboard on, against the same without.
import { measureAllocations } from "./cost/allocations.js";
import { Report } from "./harness/report.js";
import type { Candidate } from "./harness/stand.js";
import { median } from "./harness/statistics.js";
import { describePlan, measureTurns, ratioOf } from "./harness/turns.js";
import { clientsWithPasses } from "./harness/visitor.js";
import { ADDRESSES } from "./servers/clients.js";
import { PARTS } from "./servers/mount-stack.js";

const quick = process.argv.includes("--quick");
const PLAN = quick
  ? { starts: 5, warmUp: 8000, slices: 20, requests: 400 }
  : { starts: 11, warmUp: 20_000, slices: 40, requests: 400 };
const BYTES = { runs: quick ? 1 : 3, warmUp: 10_000, windows: 9, requests: 2000 };
const BASE = "whole stack";
const WATCHED = "whole stack, logs, metrics and dashboard on";
const METRICS = "whole stack, metrics on";
const GOAL = 0.97;

const clients = (origin: string) => clientsWithPasses(origin, ADDRESSES);
const CANDIDATES: readonly Candidate[] = [
  { name: BASE, server: "stack", args: PARTS, clients },
  { name: METRICS, server: "stack", args: [...PARTS, "metrics"], clients },
  { name: WATCHED, server: "stack", args: [...PARTS, "logs", "metrics", "dashboard"], clients },
];

async function main(): Promise<void> {
  const report = new Report("watched");
  const bytes = await measureAllocations(CANDIDATES, BYTES);
  const samples = await measureTurns(CANDIDATES, PLAN);
  report.table(
    `${describePlan(PLAN)}. Ratios to the whole stack without all that; more is faster.`,
    CANDIDATES.map(({ name }) => {
      const { ratio, text } = ratioOf(samples, name, BASE, "cpu");
      return {
        server: name,
        "bytes a request": Math.round(median(bytes.get(name) ?? [])),
        "CPU µs": median((samples.get(name) ?? []).map(({ cpu }) => cpu)).toFixed(1),
        "ratio by CPU": ratio.toFixed(3),
        "95 % bounds": text,
      };
    }),
  );
  const { ratio, text } = ratioOf(samples, WATCHED, BASE, "cpu");
  report.goal({
    goal: `hot path with logs, metrics and dashboard on: at least ${GOAL} of the same without, by CPU time`,
    measured: ratio.toFixed(3),
    bounds: text,
    reached: ratio >= GOAL,
  });
  report.write({ bytes: Object.fromEntries(bytes), samples: Object.fromEntries(samples) });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
