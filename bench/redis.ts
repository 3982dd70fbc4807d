// What the Redis store costs and how fast its news is: the whole stack on it next to the memory store, to nothing and to
// rate limiters on Redis; what a ban, a counted client and a solved challenge take; how late a ban is in force elsewhere, one at
// a time and in a storm. Starts a redis-server of its own.
import { loadavg } from "node:os";
import { printTable, writeResults } from "./harness/report.js";
import { measureFanOut, measureStart } from "./redis/fan-out.js";
import { measureFootprint } from "./redis/footprint.js";
import { compareHotPath } from "./redis/hot-path.js";
import { measurePropagation } from "./redis/propagation.js";
import { startRedis } from "./redis/redis-server.js";
import { measureStorm } from "./redis/storm.js";

const quick = process.argv.includes("--quick");
const load = (): string => `load average ${loadavg()[0]?.toFixed(1)}`;

async function main(): Promise<void> {
  const redis = await startRedis();
  // The servers and instances that are started find it there.
  process.env["REDIS_URL"] = redis.url;
  try {
    const propagation = await measurePropagation(quick ? 500 : 3000);
    console.log(`\nA ban on its way to another instance (${load()}):\n`);
    printTable(propagation);
    const footprint = await measureFootprint(redis, quick ? 5000 : 50_000);
    console.log(`\nWhat one of each costs, with one instance listening (${load()}):\n`);
    printTable(footprint);
    const fanOut = await measureFanOut(redis, [1, 10, 30, 100], quick ? 500 : 3000);
    console.log(`\nA ban, with more and more instances listening (${load()}):\n`);
    printTable(fanOut);
    const start = await measureStart(redis, quick ? 10_000 : 100_000);
    console.log(`\nAn instance that starts (${load()}):\n`);
    printTable(start);
    // 100 000 bans a minute; quick runs are shorter, not slower.
    const storm = await measureStorm(redis, { perSecond: 100_000 / 60, seconds: quick ? 6 : 60 });
    console.log(`\nA storm of bans over four instances (${load()}):\n`);
    printTable(storm.instances);
    console.log("\nRedis meanwhile:\n");
    printTable(storm.redis);
    await redis.flush();
    const hotPath = await compareHotPath(redis, quick ? { pairs: 3, seconds: 1 } : { pairs: 11, seconds: 2 });
    console.log(`\nThe whole stack on Redis, clients with passes (${load()}):\n`);
    printTable(hotPath);
    writeResults("redis", { load: loadavg(), propagation, footprint, fanOut, start, storm, hotPath });
  } finally {
    await redis.stop();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
