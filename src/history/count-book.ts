import { addCounts, pack, unpack, type CountLedger, type Counts, type ReadCounts } from "./counts.js";
import { bucketAt, RESOLUTIONS, type Buckets, type Resolution } from "./time-buckets.js";

/** The counts of one process by bucket. Buckets are kept as texts. */
export class CountBook implements CountLedger {
  private readonly buckets = new Map(
    RESOLUTIONS.map((resolution) => [resolution, new Map<number, string>()]),
  );

  add(time: number, counts: Counts): void {
    for (const [resolution, texts] of this.buckets) {
      const index = bucketAt(resolution, time);
      const sum = this.get(resolution, index);
      addCounts(sum, counts);
      texts.set(index, pack(sum));
    }
  }

  read({ resolution, first, count }: Buckets): Promise<ReadCounts> {
    const counts = Array.from({ length: count }, (_, at) => this.get(resolution, first + at));
    return Promise.resolve({ counts, problem: undefined });
  }

  /** Forgets the buckets that are older than their resolution keeps. */
  flush(now: number): Promise<void> {
    for (const [resolution, texts] of this.buckets) {
      const oldest = bucketAt(resolution, now) - resolution.kept;
      for (const index of texts.keys()) if (index < oldest) texts.delete(index);
    }
    return Promise.resolve();
  }

  /** What {@link restore} reads. */
  kept(): Record<string, [index: number, counts: string][]> {
    return Object.fromEntries([...this.buckets].map(([{ letter }, texts]) => [letter, [...texts]]));
  }

  /** Adds what was kept, and skips what is damaged. */
  restore(kept: unknown): void {
    const fields = (typeof kept === "object" && kept !== null ? kept : {}) as Record<string, unknown>;
    for (const [resolution, texts] of this.buckets) {
      const entries = fields[resolution.letter];
      for (const entry of Array.isArray(entries) ? (entries as unknown[]) : []) {
        const [index, text] = Array.isArray(entry) ? (entry as unknown[]) : [];
        if (typeof index !== "number" || !Number.isSafeInteger(index) || typeof text !== "string") continue;
        const sum = this.get(resolution, index);
        try {
          addCounts(sum, unpack(text));
        } catch {
          continue;
        }
        texts.set(index, pack(sum));
      }
    }
  }

  // The counts of a bucket; they may be changed.
  private get(resolution: Resolution, index: number): Counts {
    const text = this.buckets.get(resolution)?.get(index);
    return text === undefined ? new Map<string, number>() : unpack(text);
  }
}
