import { messageOf } from "../errors.js";
import { RecentMap } from "../recent-map.js";
import type { Store } from "../store/store.js";
import { withTimeout } from "../with-timeout.js";
import {
  addCounts,
  MAX_COUNTERS,
  pack,
  unpack,
  type CountLedger,
  type Counts,
  type ReadCounts,
} from "./counts.js";
import {
  bucketAt,
  bucketKey,
  keysOf,
  RESOLUTIONS,
  secondsKept,
  type Buckets,
  type Resolution,
} from "./time-buckets.js";

/** Buckets that are sent at once. */
const BATCH = 8;
const SEND_DEADLINE_MS = 1000;
const READ_DEADLINE_MS = 5000;
/** A store remembers for an hour which calls it has carried out: later, nothing is repeated whose result is not known. */
const REPEATED_MS = 3_000_000;
/** More than the buckets of all ranges. */
const MAX_KNOWN = 1500;

/** A store that adds up the counts of several instances. */
export type TallyStore = Store & Required<Pick<Store, "tally" | "tallies">>;

/** What has yet to be added to one bucket. */
interface Waiting {
  readonly resolution: Resolution;
  readonly index: number;
  more: Counts;
  /** What was sent, and perhaps added: it is sent again unchanged. */
  sent: { readonly counts: Counts; readonly call: number; readonly since: number } | undefined;
}

/** The counts of all instances on a store by bucket. What this instance adds waits while the store is away, and is never added twice. */
export class SharedCounts implements CountLedger {
  /** How many counted events were given up, because the store was away for too long. */
  lost = 0;
  private readonly waiting = new Map<string, Waiting>();
  /** What is known of each bucket: what was read, and added since. */
  private readonly known = new RecentMap<string, string>(MAX_KNOWN);
  private calls = 0;

  /** @param by a unique name of this instance */
  constructor(
    private readonly store: TallyStore,
    private readonly by: string,
  ) {}

  add(time: number, counts: Counts): void {
    for (const resolution of RESOLUTIONS) {
      const index = bucketAt(resolution, time);
      const key = bucketKey(resolution, index);
      let waiting = this.waiting.get(key);
      if (waiting === undefined)
        this.waiting.set(key, (waiting = { resolution, index, more: new Map(), sent: undefined }));
      addCounts(waiting.more, counts);
    }
  }

  async flush(now: number): Promise<void> {
    this.drop(now);
    // What is not sent is certainly not added, so that it can wait for ever.
    if (this.store.problem !== undefined) throw new Error(this.store.problem);
    const all = [...this.waiting];
    const failures: unknown[] = [];
    for (let at = 0; at < all.length; at += BATCH) {
      const sent = all.slice(at, at + BATCH).map(([key, waiting]) => this.send(key, waiting, now));
      const failed = (await Promise.allSettled(sent)).filter((result) => result.status === "rejected");
      failures.push(...failed.map(({ reason }) => reason as unknown));
      // One key that fails must not hold up the others, but a store that is away need not be asked for each.
      if (failed.length === sent.length) break;
    }
    if (failures.length > 0) throw new Error(messageOf(failures[0]));
  }

  /** While the store is away, these are the counts that this instance knows of. */
  async read(buckets: Buckets): Promise<ReadCounts> {
    const keys = keysOf(buckets);
    try {
      if (this.store.problem !== undefined) throw new Error(this.store.problem);
      const found = await withTimeout(Promise.resolve(this.store.tallies(keys)), READ_DEADLINE_MS);
      const counts = keys.map((key, at) => {
        const read = new Map(found[at]);
        this.known.set(key, pack(read));
        addCounts(read, this.waiting.get(key)?.more ?? []);
        return read;
      });
      return { counts, problem: undefined };
    } catch (error) {
      return { counts: keys.map((key) => this.knownOf(key)), problem: messageOf(error) };
    }
  }

  private knownOf(key: string): Counts {
    const counts = unpack(this.known.get(key) ?? "[]");
    const waiting = this.waiting.get(key);
    addCounts(counts, waiting?.sent?.counts ?? []);
    addCounts(counts, waiting?.more ?? []);
    return counts;
  }

  // What was sent before and not answered is sent again; what has come meanwhile is sent after it.
  private async send(key: string, waiting: Waiting, now: number): Promise<void> {
    const ttl = secondsKept(waiting.resolution);
    while (waiting.sent !== undefined || waiting.more.size > 0) {
      if (waiting.sent === undefined) {
        waiting.sent = { counts: waiting.more, call: ++this.calls, since: now };
        waiting.more = new Map();
      }
      const { counts, call } = waiting.sent;
      const options = { ttl, max: MAX_COUNTERS, by: this.by, call };
      await withTimeout(Promise.resolve(this.store.tally(key, counts, options)), SEND_DEADLINE_MS);
      waiting.sent = undefined;
      const known = unpack(this.known.get(key) ?? "[]");
      addCounts(known, counts);
      this.known.set(key, pack(known));
    }
    this.waiting.delete(key);
  }

  // Gives up what nobody would be shown, and what may have been added by a call that can no longer be repeated.
  private drop(now: number): void {
    for (const [key, waiting] of this.waiting) {
      const { resolution, index, sent } = waiting;
      const [finest] = RESOLUTIONS;
      const lost = (counts: Counts): void => {
        if (resolution === finest) for (const [, by] of counts) this.lost += by;
      };
      if (sent !== undefined && Math.abs(now - sent.since) > REPEATED_MS) {
        waiting.sent = undefined;
        lost(sent.counts);
      }
      if (index >= bucketAt(resolution, now) - resolution.kept) continue;
      this.waiting.delete(key);
    }
  }
}
