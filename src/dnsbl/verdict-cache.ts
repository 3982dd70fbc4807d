import { RecentMap } from "../recent-map.js";

/** What is known of one address. */
export interface CachedVerdict {
  /** `ignored` = on the ignore lists when it was found. */
  readonly verdict: "listed" | "clean" | "error" | "ignored";
  readonly zone?: string;
  readonly code?: string;
  /** The zone's reason, once it has been fetched. */
  txt?: string;
  /** When it stops being true, in ms. */
  readonly until: number;
}

/** How many clients are remembered. */
const MAX_CLIENTS = 65_536;
/** How many addresses of one IPv6 prefix are: whoever owns it has 2^64 of them. */
const MAX_PER_PREFIX = 64;

/** Verdicts of this process: the first place to look, without a promise. Bounded, and bounded per IPv6 prefix. */
export class VerdictCache {
  private readonly singles = new RecentMap<string, CachedVerdict>(MAX_CLIENTS);
  private readonly prefixes = new RecentMap<string, RecentMap<string, CachedVerdict>>(MAX_CLIENTS / 16);

  /** What is known of `ip`, of the client kept under `key`. */
  get(key: string, ip: string, now: number): CachedVerdict | undefined {
    const found = key === ip ? this.singles.get(ip) : this.prefixes.get(key)?.get(ip);
    return found !== undefined && now < found.until ? found : undefined;
  }

  set(key: string, ip: string, finding: CachedVerdict): void {
    if (key === ip) {
      this.singles.set(ip, finding);
      return;
    }
    let prefix = this.prefixes.get(key);
    if (prefix === undefined) this.prefixes.set(key, (prefix = new RecentMap(MAX_PER_PREFIX)));
    prefix.set(ip, finding);
  }

  /** Whether a prefix already fills its share, so that what is found of it is not worth a place in the shared store. */
  isFull(key: string): boolean {
    return (this.prefixes.get(key)?.size ?? 0) >= MAX_PER_PREFIX / 2;
  }

  /** Forgets an address and, when a prefix is named, all of it. */
  forget(ip: string, key: string): void {
    this.singles.delete(ip);
    this.prefixes.get(key)?.delete(ip);
    this.prefixes.delete(ip);
  }

  clear(): void {
    this.singles.clear();
    this.prefixes.clear();
  }

  /** About how many addresses are remembered. */
  get size(): number {
    return this.singles.size + this.prefixes.size;
  }
}
