import { RecentMap } from "../recent-map.js";

/** A verdict on an address. */
export interface CachedVerdict {
  /** `ignored` = the address was on an ignore list. */
  readonly verdict: "listed" | "clean" | "error" | "ignored";
  readonly zone?: string;
  readonly code?: string;
  /** The reason that the zone publishes, once it has been fetched. */
  txt?: string;
  /** When it expires, in ms. */
  readonly until: number;
}

/** The maximum number of clients. */
const MAX_CLIENTS = 65_536;
/** The maximum number of addresses of one IPv6 prefix, whose owner has 2^64 of them. */
const MAX_PER_PREFIX = 64;

/** The verdicts that this process remembers, limited in all and per IPv6 prefix. */
export class VerdictCache {
  private readonly singles = new RecentMap<string, CachedVerdict>(MAX_CLIENTS);
  private readonly prefixes = new RecentMap<string, RecentMap<string, CachedVerdict>>(MAX_CLIENTS / 16);

  /** The verdict on `ip` of the client `key`. */
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

  /** Whether a prefix has used up its share, so that its verdicts are not written to the shared store. */
  isFull(key: string): boolean {
    return (this.prefixes.get(key)?.size ?? 0) >= MAX_PER_PREFIX / 2;
  }

  /** Forgets an address, or all addresses of a prefix. */
  forget(ip: string, key: string): void {
    this.singles.delete(ip);
    this.prefixes.get(key)?.delete(ip);
    this.prefixes.delete(ip);
  }

  clear(): void {
    this.singles.clear();
    this.prefixes.clear();
  }

  /** About how many addresses are remembered, a prefix counting once. */
  get size(): number {
    return this.singles.size + this.prefixes.size;
  }
}
