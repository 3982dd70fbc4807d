import type { Goal, Row } from "../harness/report.js";
import { Stand, type Candidate } from "../harness/stand.js";
import { median } from "../harness/statistics.js";
import { measureTurns, ratioOf, type TurnsPlan } from "../harness/turns.js";
import { clientsWithPasses } from "../harness/visitor.js";
import { ADDRESSES } from "../servers/clients.js";
import type { MeasuredRedis } from "./redis-server.js";

/** A server to compare with, and the value that the lower bound of the median ratio should reach. */
interface Baseline extends Candidate {
  readonly goal?: number;
}

const OURS = "whole stack on Redis";
const clients = (origin: string) => clientsWithPasses(origin, ADDRESSES);

const BASELINES: readonly Baseline[] = [
  { name: "whole stack on MemoryStore", server: "bunker-pass", clients, goal: 0.95 },
  { name: "express-rate-limit on Redis", server: "redis-express-rate-limit", goal: 1.15 },
  { name: "rate-limiter-flexible on Redis", server: "redis-rate-limiter-flexible", goal: 1.15 },
  { name: "bare Express", server: "bare" },
];
const CANDIDATES: readonly Candidate[] = [{ name: OURS, server: "redis-bunker", clients }, ...BASELINES];

/** Compares all protections on Redis with other servers: requests per second, CPU time and Redis commands per request. */
export async function compareHotPath(
  redis: MeasuredRedis,
  plan: TurnsPlan,
): Promise<{ rows: Row[]; goals: Goal[] }> {
  const commands = await commandsPerRequest(redis, plan);
  const samples = await measureTurns(CANDIDATES, plan);
  const rows: Row[] = [];
  const goals: Goal[] = [];
  for (const { name, goal } of BASELINES) {
    const byClock = ratioOf(samples, OURS, name, "clock");
    const byCpu = ratioOf(samples, OURS, name, "cpu");
    const perSecond = (of: string): number =>
      Math.round(1e6 / median((samples.get(of) ?? []).map(({ clock }) => clock)));
    rows.push({
      "compared with": name,
      "ratio by req/s": byClock.ratio.toFixed(3),
      "95 % bounds": byClock.text,
      "ratio by CPU": byCpu.ratio.toFixed(3),
      "bounds by CPU": byCpu.text,
      "req/s": perSecond(OURS),
      "req/s of the other": perSecond(name),
      "commands per request of the other": (commands.get(name) ?? NaN).toFixed(3),
    });
    if (goal === undefined) continue;
    goals.push({
      goal: `${OURS}: at least ${goal} of ${name} by requests per second, lower bound`,
      measured: byClock.ratio.toFixed(3),
      bounds: byClock.text,
      reached: byClock.lower >= goal,
    });
  }
  const own = commands.get(OURS) ?? NaN;
  goals.push({
    goal: `${OURS}: 0 commands per request`,
    measured: own.toFixed(4),
    bounds: "",
    // An instance asks for changes every two seconds, whatever the number of requests.
    reached: own < 0.0005,
  });
  return { rows, goals };
}

/** Returns the number of commands that each server sends to Redis per request. */
async function commandsPerRequest(
  redis: MeasuredRedis,
  { warmUp, slices, requests }: TurnsPlan,
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const stand = await Stand.start(CANDIDATES);
  try {
    for (const { name } of CANDIDATES) {
      await stand.send(name, warmUp);
      const before = await commandsOf(redis);
      await stand.send(name, slices * requests);
      found.set(name, ((await commandsOf(redis)) - before) / (slices * requests));
    }
  } finally {
    await stand.stop();
  }
  return found;
}

// Counts the commands that clients sent; a script counts as one. Our own INFO and the pings of subscribers are left out.
async function commandsOf(redis: MeasuredRedis): Promise<number> {
  const numbers = await redis.numbers();
  const sent = Object.keys(numbers).filter((name) =>
    /^calls\.(evalsha?|eval|get|set|p?ttl|script\|load)$/.test(name),
  );
  return sent.reduce((sum, name) => sum + (numbers[name] ?? 0), 0);
}
