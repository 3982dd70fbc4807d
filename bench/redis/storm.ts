import { MeasuredInstance } from "./instances.js";
import { spread } from "./propagation.js";
import type { MeasuredRedis } from "./redis-server.js";

const INSTANCES = 4;

/** Measures a storm of bans: four instances share the writes and must each receive the bans of all. */
export async function measureStorm(
  redis: MeasuredRedis,
  { perSecond, seconds }: { perSecond: number; seconds: number },
): Promise<{ instances: Record<string, string | number>[]; redis: Record<string, string | number>[] }> {
  await redis.flush();
  const instances = await Promise.all(Array.from({ length: INSTANCES }, () => MeasuredInstance.start()));
  const count = Math.round((perSecond * seconds) / INSTANCES);
  try {
    const idle = await Promise.all(instances.map((instance) => instance.report()));
    const before = await redis.numbers();
    const started = Date.now();
    await Promise.all(
      instances.map((instance, index) =>
        instance.run({ what: "ban", first: index * 1_000_000, count, perSecond: perSecond / INSTANCES }),
      ),
    );
    const took = (Date.now() - started) / 1000;
    const after = await redis.numbers();
    // Notifications of the last bans may still be in transit.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const reports = await Promise.all(instances.map((instance) => instance.report()));
    const bans = count * INSTANCES;
    const since = (number: string): number => (after[number] ?? 0) - (before[number] ?? 0);
    return {
      instances: reports.map(({ lags, writes, cpu, heap, stall, stall99, outages }, index) => ({
        instance: index + 1,
        "bans received": `${lags.length} of ${bans - count}`,
        "lag ms p50 / p99 / max": Object.values(spread(lags)).join(" / "),
        "write ms p50 / p99 / max": Object.values(spread(writes)).join(" / "),
        "CPU, % of a core": ((cpu / 1e6 / took) * 100).toFixed(0),
        "CPU µs per ban": (cpu / bans).toFixed(0),
        "heap bytes per ban": Math.round((heap - (idle[index]?.heap ?? 0)) / bans),
        "stall ms p99 / max": `${stall99.toFixed(1)} / ${stall.toFixed(1)}`,
        outages: outages.length,
      })),
      redis: [
        {
          bans,
          "time s": took.toFixed(1),
          "CPU, % of a core": (((since("used_cpu_user") + since("used_cpu_sys")) / took) * 100).toFixed(0),
          "CPU µs per ban": (((since("used_cpu_user") + since("used_cpu_sys")) * 1e6) / bans).toFixed(0),
          "bytes kept per ban": Math.round(since("used_memory") / bans),
          "bytes received per ban": Math.round(since("total_net_input_bytes") / bans),
          "bytes sent per ban and instance": Math.round(since("total_net_output_bytes") / bans / INSTANCES),
        },
      ],
    };
  } finally {
    for (const instance of instances) instance.stop();
  }
}
