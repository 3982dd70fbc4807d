import { GuardedStore } from "../store/guarded-store.js";
import type { Store } from "../store/store.js";
import { PREFIX } from "./records.js";

/** A limit: so much within so many seconds. */
export interface RateLimit {
  readonly max: number;
  readonly window: number;
}

/** Counts what addresses and instances ask for, in exact sliding windows of the store. */
export class RateLimits {
  private readonly store: GuardedStore;

  constructor(store: Store) {
    this.store = new GuardedStore(store);
  }

  /** Counts `weight` for `who`, and answers whether that is too much. Rejects when the store fails. */
  async exceeds(kind: string, who: string, { max: most, window }: RateLimit, weight = 1): Promise<boolean> {
    // One hit more than allowed is kept, so that the count can go beyond.
    const { count } = await this.store.hit(`hit:${PREFIX}${kind}|${who}`, window, most + 1, { weight });
    return count > most;
  }
}
