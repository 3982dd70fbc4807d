import type { Address } from "../../address/address.js";
import type { Context } from "../../engine/context.js";
import { messageOf } from "../../errors.js";
import { RecentMap } from "../../recent-map.js";
import { isThenable, type Awaitable } from "../../awaitable.js";
import type { GeoLookup } from "./geo-database.js";
import { LookupLimits } from "./lookup-limits.js";

/** How long asynchronous results are kept, in seconds. */
const KEPT = 3600;
const KEPT_FAILED = 60;

/** A geo look-up with limits; asynchronous results are cached, since a database in memory is as fast as a cache. */
export class GeoCache<T> {
  private readonly cache = new RecentMap<string, { value: T | undefined; until: number }>(8192);
  private readonly limits = new LookupLimits();

  /** @param read reads the result of a look-up; `undefined` = not valid */
  constructor(
    private readonly context: Context,
    private readonly lookup: GeoLookup<unknown>,
    private readonly read: (result: unknown) => T | undefined,
  ) {}

  /** Looks up an address for the client with that key; `undefined` = not known. Never throws and never rejects. */
  get(client: string, address: Address): Awaitable<T | undefined> {
    const cached = this.cache.get(address.text);
    if (cached !== undefined && this.context.now() < cached.until) return cached.value;
    return this.limits.run(client, address.text, () => this.find(address.text));
  }

  private find(ip: string): Awaitable<T | undefined> {
    const keep = (value: T | undefined, seconds: number): T | undefined => {
      this.cache.set(ip, { value, until: this.context.now() + seconds * 1000 });
      return value;
    };
    try {
      const result = this.lookup(ip);
      if (!isThenable(result)) return this.read(result);
      return Promise.resolve(result).then(
        (late) => keep(this.read(late), KEPT),
        (error: unknown) => {
          this.failed(error);
          return keep(undefined, KEPT_FAILED);
        },
      );
    } catch (error) {
      this.failed(error);
      return undefined;
    }
  }

  private failed(error: unknown): void {
    const about = { protection: "antibot", reason: "geo", data: messageOf(error) };
    this.context.emit("fault", about, undefined, undefined);
  }
}
