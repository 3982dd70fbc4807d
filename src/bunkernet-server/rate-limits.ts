import { GuardedStore } from "../store/guarded-store.js";
import type { Store } from "../store/store.js";
import { PREFIX } from "./records.js";

/** A maximum within a window in seconds. */
export interface RateLimit {
  readonly max: number;
  readonly window: number;
}

/** Counts calls in exact sliding windows of the store. */
export class RateLimits {
  private readonly store: GuardedStore;

  constructor(store: Store) {
    this.store = new GuardedStore(store);
  }

  /** Counts `weight` for `id` and returns whether that exceeds the limit. Rejects if the store fails. */
  async exceeds(kind: string, id: string, { max, window }: RateLimit, weight = 1): Promise<boolean> {
    // Keeps one hit more than allowed, so that the count can exceed the maximum.
    const { count } = await this.store.hit(`hit:${PREFIX}${kind}|${id}`, window, max + 1, { weight });
    return count > max;
  }
}
