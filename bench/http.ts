// The cost of express-bunker per request, and of denying one, compared with bare Express and with other middleware.
// Only ratios within one run are meaningful: the servers take turns (A B A B …), for a few seconds each.
import { printTable, writeResults } from "./harness/report.js";
import { startLoader, type Loader } from "./harness/loader.js";
import type { LoadResult } from "./harness/load-process.js";
import { startServer, type ServerProcess } from "./harness/server-process.js";
import { median, medianBounds } from "./harness/statistics.js";
import { clientsWithPasses } from "./harness/visitor.js";
import { ADDRESSES } from "./servers/clients.js";

interface Comparison {
  variant: string;
  baseline: string;
  /** The status that every response of the variant must have. Default: 200. */
  status?: number;
  /** The value that the lower bound of the median ratio should reach. */
  goal?: number;
}

const COMPARISONS: readonly Comparison[] = [
  { variant: "empty-middleware", baseline: "bare" },
  { variant: "bunker-pass", baseline: "empty-middleware", goal: 0.95 },
  { variant: "bunker-pass", baseline: "helmet", goal: 1 },
  { variant: "bunker-pass", baseline: "express-rate-limit", goal: 1 },
  { variant: "bunker-pass", baseline: "rate-limiter-flexible", goal: 1 },
  { variant: "bunker-banned", baseline: "bare", status: 403, goal: 1.2 },
  { variant: "bunker-pass", baseline: "bare" },
  { variant: "helmet", baseline: "bare" },
  { variant: "express-rate-limit", baseline: "bare" },
  { variant: "rate-limiter-flexible", baseline: "bare" },
];

const quick = process.argv.includes("--quick");
const PAIRS = quick ? 3 : 11;
const SECONDS = quick ? 1 : 2;
const CONNECTIONS = 32;

interface Sample {
  perSecond: number;
  /** CPU time of the server process per request, in µs. */
  cpu: number;
}

async function sample(loader: Loader, server: ServerProcess, status: number): Promise<Sample> {
  const before = await server.cpu();
  const result = await loader.measure({ origin: server.origin, connections: CONNECTIONS, seconds: SECONDS });
  const used = (await server.cpu()) - before;
  expectOnly(status, result);
  return { perSecond: result.requests / result.seconds, cpu: used / result.requests };
}

function expectOnly(status: number, result: LoadResult): void {
  const others = Object.keys(result.statuses).filter((key) => key !== String(status));
  if (others.length > 0 || result.requests === 0) {
    throw new Error(`expected only ${status}, got ${JSON.stringify(result)}`);
  }
}

async function compare(
  loader: Loader,
  server: (name: string) => ServerProcess,
  { variant, baseline, status = 200, goal }: Comparison,
) {
  const pairs: { baseline: Sample; variant: Sample }[] = [];
  // The first pair is a warm-up and is discarded.
  for (let pair = 0; pair <= PAIRS; pair++) {
    const a = await sample(loader, server(baseline), 200);
    const b = await sample(loader, server(variant), status);
    if (pair > 0) pairs.push({ baseline: a, variant: b });
  }
  const ratios = pairs.map((pair) => pair.variant.perSecond / pair.baseline.perSecond);
  return {
    variant,
    baseline,
    goal,
    ratio: median(ratios),
    ...medianBounds(ratios),
    cpuRatio: median(pairs.map((pair) => pair.baseline.cpu / pair.variant.cpu)),
    perSecond: median(pairs.map((pair) => pair.variant.perSecond)),
    baselinePerSecond: median(pairs.map((pair) => pair.baseline.perSecond)),
    ratios,
  };
}

async function main(): Promise<void> {
  const servers = new Map<string, ServerProcess>();
  let loader: Loader | undefined;
  try {
    for (const name of new Set(COMPARISONS.flatMap(({ variant, baseline }) => [variant, baseline]))) {
      servers.set(name, await startServer(name));
    }
    const server = (name: string): ServerProcess => servers.get(name) as ServerProcess;
    loader = startLoader(await clientsWithPasses(server("bunker-pass").origin, ADDRESSES));

    const figures = [];
    for (const comparison of COMPARISONS) {
      figures.push(await compare(loader, server, comparison));
      console.log(`${comparison.variant} against ${comparison.baseline}: done`);
    }
    console.log(
      `\n${PAIRS} pairs of ${SECONDS} s each, ${CONNECTIONS} connections, ${ADDRESSES.length} clients. 95 % of resampled medians lie above the lower bound, 95 % below the upper bound.\n`,
    );
    printTable(
      figures.map((row) => ({
        variant: row.variant,
        "compared with": row.baseline,
        "median ratio": row.ratio.toFixed(3),
        "lower bound": row.lower.toFixed(3),
        "upper bound": row.upper.toFixed(3),
        "by CPU time": row.cpuRatio.toFixed(3),
        "req/s": Math.round(row.perSecond),
        "req/s of the baseline": Math.round(row.baselinePerSecond),
        goal: row.goal === undefined ? "" : `${row.goal} ${row.lower >= row.goal ? "reached" : "MISSED"}`,
      })),
    );
    writeResults("http", figures);
  } finally {
    loader?.stop();
    await Promise.all([...servers.values()].map((started) => started.stop()));
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
