import { setTimeout as pause } from "node:timers/promises";
import { MeasuredInstance, percentile } from "./instances.js";

/** How long to wait for notifications that may still be in transit, in ms. */
const NEWS_MS = 500;

/** Measures the delay until an instance knows another's bans and unbans, at 100 a second. */
export async function measurePropagation(count: number): Promise<Record<string, string | number>[]> {
  const instances = [await MeasuredInstance.start(), await MeasuredInstance.start()];
  const [one, two] = instances as [MeasuredInstance, MeasuredInstance];
  try {
    await Promise.all(instances.map((instance) => instance.report()));
    await one.run({ what: "ban", first: 0, count, perSecond: 100 });
    await pause(NEWS_MS);
    const { writes } = await one.report();
    const { lags } = await two.report();
    if (lags.length !== count) throw new Error(`${lags.length} of ${count} bans arrived`);
    await one.run({ what: "unban", first: 0, count, perSecond: 100 });
    await pause(NEWS_MS);
    const { lifting } = await one.report();
    const { lifted } = await two.report();
    const unbans = Object.entries(lifting).map(([ip, at]) => (lifted[ip] ?? NaN) - at);
    if (unbans.length !== count || unbans.some(Number.isNaN)) throw new Error("not all unbans arrived");
    return [
      { "ms from the call": "written and acknowledged", ...spread(writes) },
      { "ms from the call": "in force on the other instance", ...spread(lags) },
      { "ms from the call": "lifted on the other instance", ...spread(unbans) },
    ];
  } finally {
    for (const instance of instances) instance.stop();
  }
}

/** Returns percentiles of times in ms, as text for a table. */
export function spread(values: readonly number[]): { p50: string; p99: string; max: string } {
  return {
    p50: percentile(values, 0.5).toFixed(2),
    p99: percentile(values, 0.99).toFixed(2),
    max: percentile(values, 1).toFixed(2),
  };
}
