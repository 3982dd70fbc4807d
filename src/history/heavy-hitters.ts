/** One item of a list of the most frequent ones. */
export interface HeavyHitter {
  readonly item: string;
  /** How often it came. Windows and instances in whose lists it was too rare to be kept are missing. */
  readonly count: number;
  /** By how much `count` may be too high: most of it in a flood of different items. */
  readonly error: number;
}

interface Counter {
  count: number;
  error: number;
}

/**
 * Finds the most frequent items of a stream in bounded memory (Space-Saving, by Metwally, Agrawal and El Abbadi): an item that makes
 * up more than 1/`capacity` of the stream is always among them, `count` is never too low, and `count - error` never too high.
 */
export class HeavyHitters {
  private readonly counters = new Map<string, Counter>();
  /** The smallest count, and items that had it when they were looked for: in a flood each takes the place of the next. */
  private smallest = 0;
  private rarest: string[] = [];

  constructor(private readonly capacity: number) {}

  add(item: string, by = 1): void {
    const known = this.counters.get(item);
    if (known !== undefined) known.count += by;
    else if (this.counters.size < this.capacity) this.counters.set(item, { count: by, error: 0 });
    else {
      const victim = this.victim();
      this.counters.delete(victim);
      this.counters.set(item, { count: this.smallest + by, error: this.smallest });
    }
  }

  /** The most frequent items, most frequent first. */
  top(max: number): HeavyHitter[] {
    return ranked([...this.counters].map(([item, counter]) => ({ item, ...counter }))).slice(0, max);
  }

  // An item that came least often.
  private victim(): string {
    for (;;) {
      const item = this.rarest.pop();
      if (item !== undefined && this.counters.get(item)?.count === this.smallest) return item;
      if (item === undefined) this.findRarest();
    }
  }

  private findRarest(): void {
    this.smallest = Infinity;
    for (const [item, { count }] of this.counters) {
      if (count < this.smallest) {
        this.smallest = count;
        this.rarest = [];
      }
      if (count === this.smallest) this.rarest.push(item);
    }
  }
}

/** The sum of several lists. */
export function mergeHitters(lists: Iterable<readonly HeavyHitter[]>): HeavyHitter[] {
  const sums = new Map<string, Counter>();
  for (const list of lists)
    for (const { item, count, error } of list) {
      const sum = sums.get(item);
      if (sum === undefined) sums.set(item, { count, error });
      else {
        sum.count += count;
        sum.error += error;
      }
    }
  return ranked([...sums].map(([item, sum]) => ({ item, ...sum })));
}

// By what is certain: in a flood of different items all counts grow, and only their errors tell.
function ranked(items: HeavyHitter[]): HeavyHitter[] {
  return items.sort((one, other) => other.count - other.error - (one.count - one.error));
}
