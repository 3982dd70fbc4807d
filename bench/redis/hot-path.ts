import { startLoader, type Loader } from "../harness/loader.js";
import { startServer, type ServerProcess } from "../harness/server-process.js";
import { median, medianBounds } from "../harness/statistics.js";
import { clientsWithPasses } from "../harness/visitor.js";
import { ADDRESSES } from "../servers/clients.js";
import type { MeasuredRedis } from "./redis-server.js";

const CONNECTIONS = 32;
const OURS = "redis-bunker";

/** What the whole stack on Redis is compared with, and what the lower bound of the median ratio should reach. */
const BASELINES: readonly [name: string, goal?: number][] = [
  ["bunker-pass", 0.95],
  ["redis-express-rate-limit", 1.15],
  ["redis-rate-limiter-flexible", 1.15],
  ["bare"],
];

interface Sample {
  rate: number;
  /** CPU time of the server's process per request, in µs; what Redis itself takes is not in it. */
  cpu: number;
  commands: number;
  requests: number;
}

/** Requests a second of the whole stack on Redis, next to others, taking turns; and the commands that its requests cause. */
export async function compareHotPath(
  redis: MeasuredRedis,
  { pairs, seconds }: { pairs: number; seconds: number },
): Promise<Record<string, string | number>[]> {
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
      if (others.length > 0 || got.errors > 0) throw new Error(`${name}: ${JSON.stringify(got)}`);
      const commands = (await commandsOf(redis)) - before;
      const cpu = ((await server(name).cpu()) - cpuBefore) / got.requests;
      return { rate: got.requests / got.seconds, cpu, commands, requests: got.requests };
    };
    const rows = [];
    for (const [baseline, goal] of BASELINES) {
      const ratios: number[] = [];
      const byCpu: number[] = [];
      const ours: number[] = [];
      const theirs: number[] = [];
      const used = { commands: 0, requests: 0, theirs: 0, theirRequests: 0 };
      // The first pair warms both up and is thrown away.
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
        "req/s of the other": Math.round(median(theirs)),
        "commands a request": (used.commands / used.requests).toFixed(4),
        "of the other": (used.theirs / used.theirRequests).toFixed(4),
        goal: goal === undefined ? "" : `${goal} ${lower >= goal ? "reached" : "MISSED"}`,
      });
      console.log(`against ${baseline}: done`);
    }
    return rows;
  } finally {
    loader?.stop();
    await Promise.all([...servers.values()].map((started) => started.stop()));
  }
}

// Commands that somebody sent; what scripts run inside is part of them. Left out: our own question, and the words with which
// listening connections see whether they hear.
async function commandsOf(redis: MeasuredRedis): Promise<number> {
  const numbers = await redis.numbers();
  const sent = Object.keys(numbers).filter((name) =>
    /^calls\.(evalsha?|eval|get|set|p?ttl|script\|load)$/.test(name),
  );
  return sent.reduce((sum, name) => sum + (numbers[name] ?? 0), 0);
}
