import type { TimedWork } from "../meter.js";
import { describe, type FamilyName, type Sample } from "./families.js";
import { LabelLimit } from "../label-limit.js";

/** The bounds of buckets for calls over a network, in seconds. */
const NETWORK = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** The histogram of each kind of work, and the bounds of its buckets in seconds. */
export const HISTOGRAMS = {
  decision: {
    family: "decision_seconds",
    bounds: [0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.001, 0.005, 0.025, 0.1, 0.5, 2],
  },
  dns: { family: "dns_seconds", bounds: NETWORK },
  vendor: { family: "vendor_seconds", bounds: NETWORK },
  store: { family: "store_seconds", bounds: NETWORK },
  solve: { family: "solve_seconds", bounds: [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300] },
} as const satisfies Record<
  TimedWork | "solve",
  { readonly family: FamilyName; readonly bounds: readonly number[] }
>;

export type HistogramName = keyof typeof HISTOGRAMS;

/** Returns what bounds the values of each histogram's label. */
export function histogramLimits(): Readonly<Record<HistogramName, LabelLimit>> {
  return {
    decision: new LabelLimit(4),
    dns: new LabelLimit(12, { known: ["names"] }),
    vendor: new LabelLimit(10, { known: ["bunkernet"] }),
    store: new LabelLimit(8),
    solve: new LabelLimit(12),
  };
}

interface Distribution {
  readonly counts: number[];
  sum: number;
}

/** How long things take, by one label. */
export class Histogram {
  private readonly series = new Map<string, Distribution>();
  private lastLabel: string | undefined;
  private last: Distribution | undefined;

  private readonly label: string;
  private readonly bounds: readonly number[];

  /** @param limit bounds the values of its label */
  constructor(
    name: HistogramName,
    private readonly limit: LabelLimit,
  ) {
    const { family, bounds } = HISTOGRAMS[name];
    this.label = describe(family).labels[0] ?? "";
    this.bounds = bounds;
  }

  /** Adds a duration in seconds. */
  observe(label: string, seconds: number): void {
    const series = label === this.lastLabel ? (this.last as Distribution) : this.seriesOf(label);
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && seconds > (bounds[bucket] as number)) bucket++;
    series.counts[bucket] = (series.counts[bucket] as number) + 1;
    series.sum += seconds;
  }

  get samples(): Sample[] {
    return [...this.series].flatMap(([value, { counts, sum }]) => {
      const labels = { [this.label]: value };
      let total = 0;
      const buckets = counts.map((count, index): Sample => {
        const bound = this.bounds[index];
        return {
          labels: { ...labels, le: bound === undefined ? "+Inf" : String(bound) },
          value: (total += count),
          suffix: "_bucket",
        };
      });
      return [...buckets, { labels, value: sum, suffix: "_sum" }, { labels, value: total, suffix: "_count" }];
    });
  }

  private seriesOf(label: string): Distribution {
    const value = this.limit.of(label);
    let series = this.series.get(value);
    if (series === undefined) {
      series = { counts: new Array<number>(this.bounds.length + 1).fill(0), sum: 0 };
      this.series.set(value, series);
    }
    this.lastLabel = label;
    this.last = series;
    return series;
  }
}
