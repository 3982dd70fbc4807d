import { startLoader, type Loader } from "../harness/loader.js";
import type { Goal, Row } from "../harness/report.js";
import { startServer, type ServerProcess } from "../harness/server-process.js";
import { median, medianBounds } from "../harness/statistics.js";
import { clientsWithPasses } from "../harness/visitor.js";
import { ADDRESSES } from "../servers/clients.js";
import type { MeasuredRedis } from "./redis-server.js";

const CONNECTIONS = 32;
const OURS = "redis-bunker";

/** The servers to compare with, and the value that the lower bound of the median ratio should reach. */
const BASELINES: readonly [name: string, goal?: number][] = [
  ["bunker-pass", 0.95],
  ["redis-express-rate-limit", 1.15],
  ["redis-rate-limiter-flexible", 1.15],
  ["bare"],
];

interface Sample {
  rate: number;
  /** CPU time of the server process per request, without that of Redis, in µs. */
  cpu: number;
  /** The number of commands that were sent to Redis. */
  commands: number;
  requests: number;
}

/** Compares all protections on Redis with other servers, in turns: requests per second, and Redis commands per request. */
export async function compareHotPath(
  redis: MeasuredRedis,
  { pairs, seconds }: { pairs: number; seconds: number },
): Promise<{ rows: Row[]; goals: Goal[] }> {
  const servers = new Map<string, ServerProcess>();
  let loader: Loader | undefined;
  try {
    for (const name of [OURS, ...BASELINES.map(([name]) => name)]) servers.set(name, await startServer(name));
    const server = (name: string): ServerProcess => servers.get(name) as ServerProcess;
    const sends = (loader = startLoader(await clientsWithPasses(server(OURS).origin, ADDRESSES)));
    const rate = async (name: string): Promise<Sample> => {
      const before = await commandsOf(redis);
      const cpuBefore = await server(name).cpu();
      const got = await sends.measure({ origin: server(name).origin, connections: CONNECTIONS, seconds });
      const others = Object.keys(got.statuses).filter((status) => status !== "200");
      if (others.length > 0) throw new Error(`${name}: ${JSON.stringify(got)}`);
      const commands = (await commandsOf(redis)) - before;
      const cpu = ((await server(name).cpu()) - cpuBefore) / got.requests;
      return { rate: got.requests / got.seconds, cpu, commands, requests: got.requests };
    };
    const rows: Row[] = [];
    const goals: Goal[] = [];
    const sent = { commands: 0, requests: 0 };
    for (const [baseline, goal] of BASELINES) {
      const ratios: number[] = [];
      const byCpu: number[] = [];
      const ours: number[] = [];
      const theirs: number[] = [];
      const used = { commands: 0, requests: 0, theirs: 0, theirRequests: 0 };
      // The first pair is a warm-up and is discarded.
      for (let pair = 0; pair <= pairs; pair++) {
        const b = await rate(baseline);
        const a = await rate(OURS);
        if (pair === 0) continue;
        ratios.push(a.rate / b.rate);
        byCpu.push(b.cpu / a.cpu);
        ours.push(a.rate);
        theirs.push(b.rate);
        used.commands += a.commands;
        used.requests += a.requests;
        used.theirs += b.commands;
        used.theirRequests += b.requests;
      }
      const { lower, upper } = medianBounds(ratios);
      rows.push({
        "compared with": baseline,
        "median ratio": median(ratios).toFixed(3),
        "lower bound": lower.toFixed(3),
        "upper bound": upper.toFixed(3),
        "by CPU time": median(byCpu).toFixed(3),
        "req/s": Math.round(median(ours)),
        "req/s of the baseline": Math.round(median(theirs)),
        "commands per request": (used.commands / used.requests).toFixed(4),
        "of the baseline": (used.theirs / used.theirRequests).toFixed(4),
      });
      sent.commands += used.commands;
      sent.requests += used.requests;
      if (goal !== undefined) {
        goals.push({
          goal: `whole stack on Redis: at least ${goal} of ${baseline} by requests per second, lower bound`,
          measured: median(ratios).toFixed(3),
          bounds: `${lower.toFixed(3)} to ${upper.toFixed(3)}`,
          reached: lower >= goal,
        });
      }
      console.log(`against ${baseline}: done`);
    }
    const each = sent.commands / sent.requests;
    goals.push({
      goal: "whole stack on Redis: 0 commands per request",
      measured: each.toFixed(4),
      bounds: "",
      // An instance asks for the time and for changes now and then, whatever the number of requests.
      reached: each < 0.0005,
    });
    return { rows, goals };
  } finally {
    loader?.stop();
    await Promise.all([...servers.values()].map((started) => started.stop()));
  }
}

// Counts the commands that clients sent; a script counts as one. Our own INFO and the pings of subscribers are left out.
async function commandsOf(redis: MeasuredRedis): Promise<number> {
  const numbers = await redis.numbers();
  const sent = Object.keys(numbers).filter((name) =>
    /^calls\.(evalsha?|eval|get|set|p?ttl|script\|load)$/.test(name),
  );
  return sent.reduce((sum, name) => sum + (numbers[name] ?? 0), 0);
}
