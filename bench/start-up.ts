// What it costs to load the package and to make a middleware, each time in a new process, next to loading Express.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Report } from "./harness/report.js";
import { median, medianBounds } from "./harness/statistics.js";

const quick = process.argv.includes("--quick");
const PAIRS = quick ? 7 : 41;
const AT_MOST_MS = 10;

/** The CPU time that a process has used, in ms. */
interface Loaded {
  /** Of loading the package alone. */
  load: number;
  /** Of the whole process, the start of Node included. */
  whole: number;
}

interface Made {
  /** CPU time of the first `bunker({})`, in ms. */
  cpu: number;
  /** The same by the clock. */
  clock: number;
}

const USED = `const used = (from) => { const { user, system } = process.cpuUsage(from); return (user + system) / 1000; };`;
const EXPRESS = `${USED} const from = process.cpuUsage(); require("express");
console.log(JSON.stringify({ load: used(from), whole: used() }));`;
const BUNKER = `${USED} const from = process.cpuUsage(); await import("express-bunker");
console.log(JSON.stringify({ load: used(from), whole: used() }));`;
// bunker({}) logs a line. The first line of a process costs about as much as the rest, whoever writes it: Node sets up its output.
const MAKE = `${USED} const { bunker } = await import("express-bunker");
console.info("the output is set up");
const from = process.cpuUsage(); const started = performance.now();
const guard = bunker({});
const made = { cpu: used(from), clock: performance.now() - started };
console.log(JSON.stringify(made)); process.exit();`;

/** Runs a program in a new process, and returns the JSON of the last line that it prints: the guard may log before. */
async function run(program: string): Promise<unknown> {
  const isModule = program.includes("await import");
  const args = [...(isModule ? ["--input-type=module"] : []), "--eval", program];
  // The start is measured as it is in production.
  const env = { ...process.env, NODE_ENV: "production" };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

async function main(): Promise<void> {
  const report = new Report("start-up");
  const express: Loaded[] = [];
  const bunker: Loaded[] = [];
  const made: Made[] = [];
  // The first pair fills the file cache and is discarded.
  for (let pair = 0; pair <= PAIRS; pair++) {
    const found = [
      (await run(EXPRESS)) as Loaded,
      (await run(BUNKER)) as Loaded,
      (await run(MAKE)) as Made,
    ] as const;
    if (pair === 0) continue;
    express.push(found[0]);
    bunker.push(found[1]);
    made.push(found[2]);
  }
  const middle = (values: readonly number[]): string => median(values).toFixed(1);
  const of = (values: readonly Loaded[], part: keyof Loaded): number[] => values.map((one) => one[part]);
  report.table(`CPU time in new processes, ${PAIRS} pairs in turns.`, [
    {
      program: 'require("express")',
      ms: middle(of(express, "load")),
      "whole process, ms": middle(of(express, "whole")),
    },
    {
      program: 'import "express-bunker"',
      ms: middle(of(bunker, "load")),
      "whole process, ms": middle(of(bunker, "whole")),
    },
    {
      program: "bunker({}), by CPU time",
      ms: middle(made.map(({ cpu }) => cpu)),
      "whole process, ms": "",
    },
    {
      program: "bunker({}), by the clock",
      ms: middle(made.map(({ clock }) => clock)),
      "whole process, ms": "",
    },
  ]);
  const ratios = bunker.map(({ load }, pair) => load / (express[pair]?.load ?? NaN));
  const bounds = medianBounds(ratios);
  report.goal({
    goal: 'import "express-bunker": at most the CPU time of require("express"), upper bound',
    measured: median(ratios).toFixed(2),
    bounds: `${bounds.lower.toFixed(2)} to ${bounds.upper.toFixed(2)}`,
    reached: bounds.upper <= 1,
  });
  const calls = made.map(({ cpu }) => cpu);
  const callBounds = medianBounds(calls);
  report.goal({
    goal: `bunker({}): at most ${AT_MOST_MS} ms of CPU time, upper bound`,
    measured: `${median(calls).toFixed(1)} ms`,
    bounds: `${callBounds.lower.toFixed(1)} to ${callBounds.upper.toFixed(1)}`,
    reached: callBounds.upper <= AT_MOST_MS,
  });
  report.write({ express, bunker, made });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
