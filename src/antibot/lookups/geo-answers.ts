import type { Address } from "../../address/address.js";
import { RecentMap } from "../../recent-map.js";
import { isThenable } from "../../awaitable.js";
import type { Awaitable } from "../../awaitable.js";
import type { GeoLookup } from "./geo-database.js";
import { LookupLimits } from "./lookup-limits.js";

/** How long answers that took waiting are kept, in seconds. */
const KEPT = 3600;
const KEPT_FAILED = 60;

/** What a database said of an address; `undefined` = it does not know, or could not be asked. */
export class GeoAnswers<T> {
  private readonly known = new RecentMap<string, { value: T | undefined; until: number }>(8192);
  private readonly limits = new LookupLimits();

  /**
   * @param lookup asks
   * @param read makes the answer ready, `undefined` for nonsense
   * @param now the clock, in ms
   * @param failed hears what the look-up threw
   */
  constructor(
    private readonly lookup: GeoLookup<unknown>,
    private readonly read: (raw: unknown) => T | undefined,
    private readonly now: () => number,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** What it says, asked for a client. Never throws and never rejects. Answers at once when the look-up does, or when the answer is known. */
  of(client: string, address: Address): Awaitable<T | undefined> {
    const known = this.known.get(address.text);
    if (known !== undefined && this.now() < known.until) return known.value;
    return this.limits.run(client, address.text, () => this.ask(address));
  }

  private ask(address: Address): Awaitable<T | undefined> {
    try {
      const answer = this.lookup(address.text);
      // A database in memory is asked each time: it is as fast as a cache.
      return isThenable(answer) ? this.later(address.text, answer) : this.read(answer);
    } catch (error) {
      this.failed(error);
      return undefined;
    }
  }

  private later(ip: string, answer: PromiseLike<unknown>): Promise<T | undefined> {
    const keep = (value: T | undefined, seconds: number): T | undefined => {
      this.known.set(ip, { value, until: this.now() + seconds * 1000 });
      return value;
    };
    return Promise.resolve(answer).then(
      (raw) => keep(this.read(raw), KEPT),
      (error: unknown) => {
        this.failed(error);
        return keep(undefined, KEPT_FAILED);
      },
    );
  }
}
