import { RecentMap } from "../recent-map.js";
import { TokenBucket, type TokenRate } from "../token-bucket.js";

/** A client's records of one kind are written once in this time, in ms. */
const REPEAT_MS = 60_000;
/** How often records that were left out are counted in the log, in ms. */
const SUMMARY_MS = 60_000;
const MAX_CLIENTS = 10_000;

/** What becomes of requests. */
export const REQUESTS: TokenRate = { burst: 200, perSecond: 5 };
/** Faults, which a flood of requests must not crowd out. */
export const FAULTS: TokenRate = { burst: 100, perSecond: 1 };
/** Bans and unbans, which other programs may follow: about 250 MB of log a day at most. */
export const BANS: TokenRate = { burst: 1000, perSecond: 10 };

/** A record that may be written. */
interface Admitted {
  /** How many like it were left out since the last one. */
  readonly repeated: number;
}

/** Limits the records of each client and of all clients, so that an attack cannot fill a disk, and counts what was left out. */
export class LogLimit {
  private readonly last = new RecentMap<string, { readonly at: number; left: number }>(MAX_CLIENTS);
  private readonly buckets = new Map<TokenRate, TokenBucket>();
  private leftOut: Record<string, number> = {};
  private since: number | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** @param summarise writes how many records of each kind were left out; called once a minute at most, and by {@link flush} */
  constructor(private readonly summarise: (leftOut: Readonly<Record<string, number>>) => void) {}

  /**
   * @param kind the kind of record
   * @param about what is written once a minute; `undefined` = each time
   * @returns `undefined` = the record is left out
   */
  admit(kind: string, about: string | undefined, budget: TokenRate, now: number): Admitted | undefined {
    if (this.since !== undefined && (now >= this.since + SUMMARY_MS || now < this.since)) this.flush();
    const key = about === undefined ? undefined : `${kind} ${about}`;
    const last = key === undefined ? undefined : this.last.get(key);
    // A clock that goes back starts anew.
    const isRepeated = last !== undefined && now >= last.at && now < last.at + REPEAT_MS;
    if (isRepeated || !this.take(budget, now)) {
      if (last !== undefined) last.left++;
      this.leaveOut(kind, now);
      return undefined;
    }
    if (key !== undefined) this.last.set(key, { at: now, left: 0 });
    return { repeated: last?.left ?? 0 };
  }

  /** Writes the summary of what was left out, if anything was. */
  flush(): void {
    clearTimeout(this.timer);
    if (this.since === undefined) return;
    const { leftOut } = this;
    this.leftOut = {};
    this.since = undefined;
    this.summarise(leftOut);
  }

  private take(budget: TokenRate, now: number): boolean {
    let bucket = this.buckets.get(budget);
    if (bucket === undefined) this.buckets.set(budget, (bucket = new TokenBucket(budget, now)));
    return bucket.take(now);
  }

  private leaveOut(kind: string, now: number): void {
    this.leftOut[kind] = (this.leftOut[kind] ?? 0) + 1;
    if (this.since !== undefined) return;
    this.since = now;
    // An attack may end before the next record.
    this.timer = setTimeout(() => this.flush(), SUMMARY_MS);
    this.timer.unref();
  }
}
