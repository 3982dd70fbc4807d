import { OTHER } from "../label-limit.js";
import type { Labels, Sample } from "./families.js";

/** The most series of one metric, if its labels do not bound them. */
const MAX_SERIES = 100;

interface Series {
  readonly labels: Labels;
  value: number;
}

/** The series of one metric: a number for each set of labels. Sets beyond the limit share one series, in which each label is `other`. */
export class Counters {
  private readonly series = new Map<string, Series>();

  /** @param names the labels, in the order of their values */
  constructor(
    private readonly names: readonly string[],
    private readonly most = MAX_SERIES,
  ) {}

  /** Adds to the series with these values of its labels. */
  add(values: readonly string[], by = 1): void {
    this.seriesOf(values).value += by;
  }

  /** Sets the series to the larger one of its value and `value`. */
  raise(values: readonly string[], value: number): void {
    const series = this.seriesOf(values);
    series.value = Math.max(series.value, value);
  }

  get samples(): Sample[] {
    return [...this.series.values()].map(({ labels, value }) => ({ labels, value }));
  }

  private seriesOf(values: readonly string[]): Series {
    const key = values.join("\n");
    const known = this.series.get(key);
    if (known !== undefined) return known;
    if (this.series.size >= this.most && values.some((value) => value !== OTHER))
      return this.seriesOf(values.map(() => OTHER));
    const labels = Object.fromEntries(this.names.map((name, index) => [name, values[index] ?? ""]));
    const made = { labels, value: 0 };
    this.series.set(key, made);
    return made;
  }
}
