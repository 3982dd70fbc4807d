import { setTimeout as pause } from "node:timers/promises";
import { MeasuredInstance, percentile } from "./instances.js";

/** News of the last may be on its way, in ms. */
const NEWS_MS = 500;

/** How late an instance knows of another's bans and unbans, one at a time and not many a second. */
export async function measurePropagation(count: number): Promise<Record<string, string | number>[]> {
  const instances = [await MeasuredInstance.start(), await MeasuredInstance.start()];
  const [one, two] = instances as [MeasuredInstance, MeasuredInstance];
  try {
    await Promise.all(instances.map((instance) => instance.report()));
    await one.run({ what: "ban", first: 0, count, perSecond: 100 });
    await pause(NEWS_MS);
    const { writes } = await one.report();
    const { lags } = await two.report();
    if (lags.length !== count) throw new Error(`${lags.length} of ${count} bans were heard of`);
    await one.run({ what: "unban", first: 0, count, perSecond: 100 });
    await pause(NEWS_MS);
    const { lifting } = await one.report();
    const { lifted } = await two.report();
    const unbans = Object.entries(lifting).map(([ip, at]) => (lifted[ip] ?? NaN) - at);
    if (unbans.length !== count || unbans.some(Number.isNaN)) throw new Error("not all unbans were heard of");
    return [
      { "ms from the call": "written, acknowledged", ...spread(writes) },
      { "ms from the call": "in force on the other instance", ...spread(lags) },
      { "ms from the call": "lifted on the other instance", ...spread(unbans) },
    ];
  } finally {
    for (const instance of instances) instance.stop();
  }
}

/** Percentiles for a table. */
export function spread(values: readonly number[]): { p50: string; p99: string; max: string } {
  return {
    p50: percentile(values, 0.5).toFixed(2),
    p99: percentile(values, 0.99).toFixed(2),
    max: percentile(values, 1).toFixed(2),
  };
}
