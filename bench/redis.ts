// The cost of the Redis store: all protections on it compared with the memory store, with bare Express and with rate limiters
// on Redis; the cost of one ban, one counted client and one solved challenge; and the delay until a ban is in force on other
// instances, for single bans and in a storm. The bench starts its own redis-server.
import { loadavg } from "node:os";
import { Report } from "./harness/report.js";
import { describePlan } from "./harness/turns.js";
import { measureFanOut, measureStart } from "./redis/fan-out.js";
import { measureFootprint } from "./redis/footprint.js";
import { compareHotPath } from "./redis/hot-path.js";
import { measurePropagation } from "./redis/propagation.js";
import { startRedis } from "./redis/redis-server.js";
import { measureTraffic, type Traffic } from "./redis/traffic.js";
import { measureStorm } from "./redis/storm.js";

const quick = process.argv.includes("--quick");
const PLAN = quick
  ? { starts: 2, warmUp: 8000, slices: 15, requests: 400 }
  : { starts: 10, warmUp: 20_000, slices: 30, requests: 400 };
const load = (): string => `load average ${loadavg()[0]?.toFixed(1)}`;

/** What an instance sends by itself every two seconds does not count as a command of an event. */
const TOLERANCE = 0.05;

function setTrafficGoals(report: Report, badAnswer: Traffic, ban: Traffic): void {
  report.goal({
    goal: "counting a bad answer: one command",
    measured: badAnswer.scripts.toFixed(3),
    bounds: "",
    reached: badAnswer.scripts <= 1 + TOLERANCE && badAnswer.reads <= 1 + TOLERANCE,
  });
  report.goal({
    goal: "a ban: one round trip",
    measured: ban.reads.toFixed(3),
    bounds: "",
    reached: ban.reads <= 1 + TOLERANCE,
  });
}

async function main(): Promise<void> {
  const report = new Report("redis");
  const redis = await startRedis();
  // The child processes read the url from this variable.
  process.env["REDIS_URL"] = redis.url;
  try {
    const propagation = await measurePropagation(quick ? 500 : 3000);
    report.table(`Delay until a ban is in force on another instance (${load()})`, propagation);
    const footprint = await measureFootprint(redis, quick ? 5000 : 50_000);
    report.table(`Cost of one entry of each kind, with one instance subscribed (${load()})`, footprint);
    const fanOut = await measureFanOut(redis, [1, 10, 30, 100], quick ? 500 : 3000);
    report.table(`Cost of a ban by the number of subscribed instances (${load()})`, fanOut);
    const start = await measureStart(redis, quick ? 10_000 : 100_000);
    report.table(`Loading all bans at the start of an instance (${load()})`, start);
    // 100 000 bans a minute; a quick run is shorter, at the same rate.
    const storm = await measureStorm(redis, { perSecond: 100_000 / 60, seconds: quick ? 6 : 60 });
    report.table(`A storm of bans across four instances (${load()})`, storm.instances);
    report.table("Redis during the storm", storm.redis);
    await redis.flush();
    const { badAnswer, ban } = await measureTraffic(redis);
    report.table(
      `Messages to Redis, one event after the other, an instance's own every two seconds included (${load()})`,
      [badAnswer, ban].map(({ event, scripts, reads }) => ({
        event,
        "scripts run": scripts.toFixed(3),
        "round trips": reads.toFixed(3),
      })),
    );
    setTrafficGoals(report, badAnswer, ban);
    const { rows, goals } = await compareHotPath(redis, PLAN);
    report.table(`All protections on Redis, clients with passes: ${describePlan(PLAN)} (${load()})`, rows);
    for (const goal of goals) report.goal(goal);
    report.write();
  } finally {
    await redis.stop();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
