// The cost of denying a banned client at the socket, compared with "hello" from bare Express, with one connection per request.
// The servers take turns (A B A B …); only ratios within one run are meaningful. The clients run in Node and may be slower than
// the server under test: the CPU time per connection shows the capacity of the server itself.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { printTable, writeResults } from "./harness/report.js";
import { startServer, type ServerProcess } from "./harness/server-process.js";
import { median, medianBounds } from "./harness/statistics.js";

const GOAL = 3;
const CONNECTIONS = 64;
const quick = process.argv.includes("--quick");
const PAIRS = quick ? 3 : 11;
const SECONDS = quick ? 1 : 2;
const REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

interface Job {
  port: number;
  seconds: number;
}

interface Load {
  /** Connections that ended with a response of 200. */
  answered: number;
  /** Connections that ended without a byte. */
  dropped: number;
  seconds: number;
}

/** Opens connections with one request each, {@link CONNECTIONS} at a time, until the time is over. */
function load({ port, seconds }: Job): Promise<Load> {
  const started = performance.now();
  const until = started + seconds * 1000;
  const counts = { answered: 0, dropped: 0 };
  let running = 0;
  return new Promise((resolve) => {
    const next = (): void => {
      if (performance.now() >= until) {
        if (running === 0) resolve({ ...counts, seconds: (performance.now() - started) / 1000 });
        return;
      }
      running++;
      let bytes = "";
      const socket = connect(port, "127.0.0.1");
      socket.setEncoding("latin1").on("data", (chunk: string) => (bytes ||= chunk));
      // A refused connection may be reset.
      socket.on("error", () => undefined);
      socket.on("close", () => {
        running--;
        if (bytes.startsWith("HTTP/1.1 200 ")) counts.answered++;
        else if (bytes === "") counts.dropped++;
        next();
      });
      socket.write(REQUEST);
    };
    for (let i = 0; i < CONNECTIONS; i++) next();
  });
}

interface Sample {
  perSecond: number;
  /** CPU time of the server process per connection, in µs. */
  cpu: number;
}

async function sample(
  loader: ChildProcess,
  server: ServerProcess,
  kind: "answered" | "dropped",
): Promise<Sample> {
  const before = await server.cpu();
  loader.send({ port: Number(new URL(server.origin).port), seconds: SECONDS } satisfies Job);
  const [result] = (await once(loader, "message")) as [Load];
  const used = (await server.cpu()) - before;
  const count = result[kind];
  if (count === 0 || count < result.answered + result.dropped)
    throw new Error(`expected only ${kind}, got ${JSON.stringify(result)}`);
  return { perSecond: count / result.seconds, cpu: used / count };
}

async function main(): Promise<void> {
  const servers: ServerProcess[] = [];
  const loader = fork(__filename, ["--load"]);
  try {
    for (const name of ["stream-bare", "stream-banned"]) servers.push(await startServer(name));
    const [bare, banned] = servers as [ServerProcess, ServerProcess];
    const pairs: { bare: Sample; banned: Sample }[] = [];
    // The first pair is a warm-up and is discarded.
    for (let pair = 0; pair <= PAIRS; pair++) {
      const a = await sample(loader, bare, "answered");
      const b = await sample(loader, banned, "dropped");
      if (pair > 0) pairs.push({ bare: a, banned: b });
    }
    const rates = pairs.map((pair) => pair.banned.perSecond / pair.bare.perSecond);
    const costs = pairs.map((pair) => pair.bare.cpu / pair.banned.cpu);
    const rows = [
      { what: "connections per second", ratios: rates },
      { what: "server CPU time per connection", ratios: costs },
    ].map(({ what, ratios }) => ({ what, ratio: median(ratios), ...medianBounds(ratios) }));
    console.log(
      `\n${PAIRS} pairs of ${SECONDS} s each, ${CONNECTIONS} connections at once. Refusals at the socket compared with bare Express.\n`,
    );
    printTable(
      rows.map((row) => ({
        what: row.what,
        "median ratio": row.ratio.toFixed(2),
        "lower bound": row.lower.toFixed(2),
        "upper bound": row.upper.toFixed(2),
        goal: `${GOAL} ${row.lower >= GOAL ? "reached" : "MISSED"}`,
      })),
    );
    const middle = (pick: (pair: (typeof pairs)[number]) => number): number =>
      Math.round(median(pairs.map(pick)));
    console.log(
      `\nbare ${middle(({ bare: { perSecond } }) => perSecond)}/s, ${middle(({ bare: { cpu } }) => cpu)} µs; ` +
        `refused ${middle(({ banned: { perSecond } }) => perSecond)}/s, ${middle(({ banned: { cpu } }) => cpu)} µs`,
    );
    writeResults("stream", { rows, pairs });
  } finally {
    loader.kill();
    await Promise.all(servers.map((server) => server.stop()));
  }
}

if (process.argv.includes("--load")) {
  process.on("message", (job: Job) => void load(job).then((result) => process.send?.(result)));
  process.once("disconnect", () => process.exit());
} else {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
