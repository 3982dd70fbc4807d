import type { MeterReader, TimedWork } from "../meter.js";

/** The number of zones, and of answers of each. */
const MAX_ZONES = 64;
const MAX_ANSWERS = 128;

/** How long the last answers of each DNS blocklist took. */
export class ZoneLatencies implements MeterReader {
  readonly works: readonly TimedWork[] = ["dns"];
  private readonly zones = new Map<string, { readonly times: number[]; next: number }>();

  took(_work: TimedWork, label: string, ms: number): void {
    let zone = this.zones.get(label);
    if (zone === undefined) {
      if (this.zones.size >= MAX_ZONES) return;
      this.zones.set(label, (zone = { times: [], next: 0 }));
    }
    zone.times[zone.next] = ms;
    zone.next = (zone.next + 1) % MAX_ANSWERS;
  }

  /** Returns the median and the 95th percentile in ms; `undefined` = nothing was asked. */
  of(zone: string): { readonly p50: number; readonly p95: number } | undefined {
    const times = this.zones.get(zone)?.times.toSorted((a, b) => a - b);
    if (times === undefined || times.length === 0) return undefined;
    const at = (share: number): number =>
      Math.round((times[Math.min(times.length - 1, Math.floor(times.length * share))] as number) * 10) / 10;
    return { p50: at(0.5), p95: at(0.95) };
  }
}
