// The proof-of-work solver in Chromium: its hashes per second compared with other libraries in the same kind of worker, and the
// spread of the time that whole challenges take. `--quick` takes fewer samples.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { chromium, type Page } from "playwright-core";
import { Report } from "./harness/report.js";
import { median, medianBounds } from "./harness/statistics.js";

const OTHERS = ["hash-wasm", "hash-wasm-one-call", "noble-hashes", "crypto-subtle", "cap-wasm"] as const;
const QUICK = process.argv.includes("--quick");
const ROUNDS = QUICK ? 3 : 11;
const MEASURE_MS = QUICK ? 200 : 400;
const SOLVES = QUICK ? 20 : 100;
const PUZZLES = 32;

/** Bundles a file of bench/solver/, or a program that imports from there, for the browser. */
function bundle(source: { file: string } | { program: string }): string {
  const folder = join(process.cwd(), "bench/solver");
  const wasm = join(process.cwd(), "node_modules/@cap.js/wasm/browser/cap_wasm_bg.wasm");
  const { outputFiles } = buildSync({
    ...("file" in source
      ? { entryPoints: [join(folder, source.file)] }
      : { stdin: { contents: source.program, resolveDir: folder, loader: "ts" as const } }),
    bundle: true,
    minify: true,
    format: "iife",
    write: false,
    tsconfigRaw: "{}",
    define: { CAP_WASM: JSON.stringify(readFileSync(wasm, "base64")), "import.meta.url": "''" },
    logLevel: "warning",
  });
  return outputFiles[0]?.text ?? "";
}

/** Starts `count` workers of each candidate in the page. They stay idle until {@link measure} is called. */
async function startWorkers(page: Page, count: number): Promise<void> {
  const sources = Object.fromEntries(
    ["own", ...OTHERS].map((name) => [name, bundle({ file: `${name}.ts` })]),
  );
  await page.evaluate(`(async () => {
    const sources = ${JSON.stringify(sources)};
    window.workers = {};
    for (const name in sources) {
      const url = URL.createObjectURL(new Blob([sources[name]], { type: "text/javascript" }));
      workers[name] = Array.from({ length: ${count} }, () => new Worker(url));
      await Promise.all(workers[name].map((worker) => new Promise((resolve, reject) => {
        worker.onmessage = resolve;
        worker.onerror = (event) => reject(new Error(name + ": " + event.message));
        setTimeout(() => reject(new Error(name + " does not start")), 20000);
      })));
    }
  })()`);
}

/** Hashes per second of all workers of one candidate together. */
function measure(page: Page, name: string): Promise<number> {
  return page.evaluate<number>(`Promise.all(workers[${JSON.stringify(name)}].map((worker) => new Promise((resolve) => {
    worker.onmessage = ({ data }) => resolve((data.hashes / data.ms) * 1000);
    worker.postMessage(${MEASURE_MS});
  }))).then((rates) => rates.reduce((a, b) => a + b))`);
}

/** The times that whole challenges take, including the start of the workers, in ms, sorted. */
async function solveTimes(page: Page, bits: number): Promise<number[]> {
  await page.evaluate(
    bundle({
      program: `import { solve } from "../../src/browser/solve.js";
      import { createPuzzleQueue } from "../../src/browser/puzzle-queue.js";
      window.solveOnce = () => new Promise((resolve) => {
        const bytes = crypto.getRandomValues(new Uint8Array(32));
        const seed = Array.from(bytes, (byte) => (byte + 256).toString(16).slice(1)).join("");
        const puzzles = { seed, count: ${PUZZLES}, target: ${PUZZLES * 2 ** (32 - bits)} };
        const started = performance.now();
        solve(puzzles, createPuzzleQueue(puzzles), () => {}, () => resolve(performance.now() - started));
      });`,
    }),
  );
  const times: number[] = [];
  for (let i = 0; i < SOLVES; i++) times.push(await page.evaluate<number>("solveOnce()"));
  return times.sort((a, b) => a - b);
}

async function main(): Promise<void> {
  const server = createServer(
    (_, res) => void res.setHeader("content-type", "text/html").end("<!doctype html>"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const browser = await chromium.launch({
    executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
  });
  try {
    const report = new Report("solver");
    for (const workers of [1, 2]) {
      const page = await browser.newPage();
      await page.goto(origin);
      await startWorkers(page, workers);
      const own: number[] = [];
      const others = new Map(OTHERS.map((name) => [name, { rates: [] as number[], ratios: [] as number[] }]));
      // Each candidate is measured between two measurements of ours. The first round is a warm-up and is discarded.
      for (let round = -1; round < ROUNDS; round++) {
        let before = await measure(page, "own");
        for (const [name, seen] of others) {
          const rate = await measure(page, name);
          const after = await measure(page, "own");
          if (round >= 0) {
            own.push(after);
            seen.rates.push(rate);
            seen.ratios.push((before + after) / 2 / rate);
          }
          before = after;
        }
      }
      const row = (
        name: string,
        seen: readonly number[],
        ratios: readonly number[],
      ): Record<string, string | number> => ({
        solver: name,
        workers,
        "M hashes/s": (median(seen) / 1e6).toFixed(2),
        "ratio (ours / this)": ratios.length === 0 ? "" : median(ratios).toFixed(1),
        "lower bound (95 %)": ratios.length === 0 ? "" : medianBounds(ratios).lower.toFixed(1),
      });
      const rows = [
        row("own", own, []),
        ...[...others].map(([name, seen]) => row(name, seen.rates, seen.ratios)),
      ];
      report.table(`Hashes per second, workers: ${workers}`, rows);
      await page.close();
    }

    const page = await browser.newPage();
    await page.goto(origin);
    const solving = [];
    for (const bits of [16, 18, 20]) {
      const times = await solveTimes(page, bits);
      const at = (share: number): number => times[Math.ceil(share * times.length) - 1] ?? NaN;
      solving.push({
        "difficulty (bits)": bits,
        solves: times.length,
        "p50 (ms)": Math.round(at(0.5)),
        "p95 (ms)": Math.round(at(0.95)),
        "p95/p50": (at(0.95) / at(0.5)).toFixed(2),
        "slowest (ms)": Math.round(at(1)),
      });
    }
    report.table("Time to solve a challenge", solving);
    report.write();
  } finally {
    await browser.close();
    server.close();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
