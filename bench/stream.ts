// The cost of refusing a banned client at the socket, compared with "hello" from bare Express, with one connection per request.
// The servers take turns (A B A B …). The server is the limit only if it is busy all the time: the table says how busy it was.
import { AT_ONCE, connectionLoad, type ConnectionLoad } from "./harness/connection-load.js";
import { Report } from "./harness/report.js";
import { startServer, type ServerProcess } from "./harness/server-process.js";
import { median, medianBounds } from "./harness/statistics.js";

const GOAL = 3;
const quick = process.argv.includes("--quick");
const STARTS = quick ? 2 : 5;
const PAIRS = quick ? 2 : 5;
const SECONDS = quick ? 1 : 2;

interface Sample {
  perSecond: number;
  /** CPU time of the server process per connection, in µs. */
  cpu: number;
  /** The share of the time that the server process used a core. */
  busy: number;
}

interface Pair {
  bare: Sample;
  banned: Sample;
}

async function sample(
  load: ConnectionLoad,
  server: ServerProcess,
  kind: "answered" | "dropped",
): Promise<Sample> {
  const before = await server.cpu();
  const result = await load.measure(Number(new URL(server.origin).port), SECONDS);
  const used = (await server.cpu()) - before;
  const count = result[kind];
  if (count === 0 || count < result.answered + result.dropped)
    throw new Error(`expected only ${kind}, got ${JSON.stringify(result)}`);
  return { perSecond: count / result.seconds, cpu: used / count, busy: used / 1e6 / result.seconds };
}

async function measurePairs(load: ConnectionLoad): Promise<Pair[]> {
  const servers: ServerProcess[] = [];
  const pairs: Pair[] = [];
  try {
    for (const name of ["stream-bare", "stream-banned"]) servers.push(await startServer(name));
    const [bare, banned] = servers as [ServerProcess, ServerProcess];
    // The first pair is a warm-up and is discarded.
    for (let pair = 0; pair <= PAIRS; pair++) {
      const a = await sample(load, bare, "answered");
      const b = await sample(load, banned, "dropped");
      if (pair > 0) pairs.push({ bare: a, banned: b });
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
  return pairs;
}

async function main(): Promise<void> {
  const report = new Report("stream");
  const load = connectionLoad();
  const pairs: Pair[] = [];
  try {
    for (let start = 0; start < STARTS; start++) pairs.push(...(await measurePairs(load)));
  } finally {
    load.stop();
  }
  const middle = (pick: (pair: Pair) => number): number => median(pairs.map(pick));
  report.table(
    `${STARTS} starts, ${PAIRS} pairs of ${SECONDS} s each; ${load.name}, ${AT_ONCE} connections at once.`,
    (["bare", "banned"] as const).map((name) => ({
      server: name === "bare" ? 'bare Express, "hello"' : "refused at the socket",
      "connections/s": Math.round(middle((pair) => pair[name].perSecond)),
      "server CPU µs": middle((pair) => pair[name].cpu).toFixed(1),
      "server busy %": Math.round(middle((pair) => pair[name].busy) * 100),
    })),
  );
  const ratios: [string, number[]][] = [
    ["connections per second", pairs.map(({ bare, banned }) => banned.perSecond / bare.perSecond)],
    ["CPU time of the server", pairs.map(({ bare, banned }) => bare.cpu / banned.cpu)],
  ];
  for (const [by, found] of ratios) {
    const { lower, upper } = medianBounds(found);
    report.goal({
      goal: `refusing a banned client at the socket: at least ${GOAL} times bare Express by ${by}, lower bound`,
      measured: median(found).toFixed(2),
      bounds: `${lower.toFixed(2)} to ${upper.toFixed(2)}`,
      reached: lower >= GOAL,
    });
  }
  report.write(pairs);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
