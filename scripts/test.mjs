// @ts-check
// `npm test` runs every check of this repository, even from a fresh clone. It continues after a failed step, so that one run
// shows all failures, and exits with 1 if there are any.
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { installPackages } from "./install.mjs";
import { root, runNode, tool } from "./run.mjs";
import { requireSystemPackages } from "./system-packages.mjs";

const STEP_LIMIT_MS = 15 * 60_000;
const LEFTOVER_LIMIT_S = 20;
const reports = join(root, ".tmp/test");

/** @typedef {{ passed: number, failed: number }} Count */

let passed = 0;
let failed = 0;
let runs = 0;

// Both mostly wait for downloads.
const [installed, programs] = await Promise.all([installPackages(), requireSystemPackages()]);
if (!installed || programs === undefined) finish({ passed: 0, failed: 1 });

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

// The build comes first, because the type check, the demo and the package tests use its output.
await step("build", async () => once((await import("./build.mjs")).build()));
// The package tests partly wait for npm, and the checks of the sources take what they leave.
await step("package tests; types, lint and format", () =>
  all([
    jest("package", ["-i"]),
    command("typescript/bin/tsc", ["--noEmit"]),
    command("eslint/bin/eslint.js", [".", "--max-warnings=0"]),
    command("prettier/bin/prettier.cjs", ["--check", "--log-level=warn", "."]),
  ]),
);
// Many of them wait for processes and sockets: a third worker takes what two leave of two cores.
await step("unit and integration tests", () =>
  jest("unit", ["--testPathPatterns=/__tests__/(?!redis/|cluster/)", "--maxWorkers=3"]),
);
// The Redis tests depend on Redis's timeouts, and mostly wait: they run beside each other, but not beside anything else.
await step("Redis tests", () =>
  jest("unit", ["--testPathPatterns=/__tests__/(redis|cluster)/", "--maxWorkers=2"]),
);
// Pages wait for visitors, work for one thread, and for the clock: two browsers keep both cores busy.
await step("browser tests", () => jest("browser", ["--maxWorkers=2"]));
finish();

/**
 * Runs one step, prints its name before and its time after, and adds up what it counted.
 * @param {string} name
 * @param {() => Promise<Count>} work
 */
async function step(name, work) {
  console.log(`\n== ${name}`);
  const started = Date.now();
  const count = await work();
  passed += count.passed;
  failed += count.failed;
  console.log(
    `${count.failed === 0 ? "ok" : "FAILED"}: ${name}, ${((Date.now() - started) / 1000).toFixed(1)} s`,
  );
}

/** Returns the count of a step without tests, which counts as one. @param {boolean} ok @returns {Count} */
function once(ok) {
  return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** Adds up the counts of steps that run beside each other. @param {Promise<Count>[]} counts @returns {Promise<Count>} */
async function all(counts) {
  const sum = { passed: 0, failed: 0 };
  for (const count of await Promise.all(counts)) {
    sum.passed += count.passed;
    sum.failed += count.failed;
  }
  return sum;
}

/** @param {string} path @param {string[]} args */
async function command(path, args) {
  return once((await runNode(tool(path), args, { timeoutMs: STEP_LIMIT_MS, patient: true })) === 0);
}

/**
 * Runs a Jest project of jest.config.cjs and counts its tests. A run that fails without a failed test (a suite that does not
 * load, no test at all, a crash) counts as one failure, and so does every skipped test.
 * @param {string} project
 * @param {string[]} options further arguments: which tests to run, and how many at a time
 * @returns {Promise<Count>}
 */
async function jest(project, options) {
  const report = join(reports, `${project}-${++runs}.json`);
  const args = ["--selectProjects", project, "--json", `--outputFile=${report}`, ...options];
  const env = { ...programs, NODE_ENV: "test" };
  // After the report Jest waits for everything that the tests left open. That is a failure, so the wait is short.
  const leftover = new AbortController();
  let secondsOver = 0;
  const watch = setInterval(() => {
    if (!existsSync(report) || ++secondsOver !== LEFTOVER_LIMIT_S) return;
    console.log("the tests have ended, but something that they started still runs");
    leftover.abort();
  }, 1000);
  const code = await runNode(tool("jest/bin/jest.js"), args, {
    env,
    timeoutMs: STEP_LIMIT_MS,
    signal: leftover.signal,
  });
  clearInterval(watch);
  try {
    const result = JSON.parse(readFileSync(report, "utf8"));
    const skipped = result.numPendingTests + result.numTodoTests;
    if (skipped > 0) console.log(`${skipped} skipped tests: each counts as a failure`);
    if (result.numTotalTests === 0) console.log("no test was run");
    const bad = result.numFailedTests + skipped;
    const broken = bad === 0 && (code !== 0 || result.numPassedTests === 0) ? 1 : 0;
    return {
      passed: result.numPassedTests,
      failed: bad + Math.max(broken, result.numRuntimeErrorTestSuites),
    };
  } catch {
    console.log("Jest wrote no report");
    return { passed: 0, failed: 1 };
  }
}

/**
 * Prints the total as the last line and ends the process.
 * @param {Count} [count]
 * @returns {never}
 */
function finish(count = { passed, failed }) {
  // The total counts the tests of all Jest suites, and one for each other step.
  process.stdout.write(`\n${count.passed} passed, ${count.failed} failed\n`);
  process.exit(count.failed === 0 && count.passed > 0 ? 0 : 1);
}
