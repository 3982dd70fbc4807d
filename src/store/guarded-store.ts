import { StoreFailure } from "../errors.js";
import type { Meter } from "../meter.js";
import { withTimeout } from "../with-timeout.js";
import { StoreFullError, type HitOptions, type Hits, type Store } from "./store.js";
import { isThenable, type Awaitable } from "../awaitable.js";

/** How long any store may take for one call. */
const DEADLINE_MS = 1000;

/** The calls that protections make, with every failure turned into a {@link StoreFailure}, so that `onStoreError` can tell it from a bug. */
export class GuardedStore {
  /** @param meter times the calls that do not return at once */
  constructor(
    private readonly store: Store,
    private readonly meter?: Meter,
  ) {}

  get(key: string): Awaitable<string | undefined> {
    return this.guard("get", () => this.store.get(key));
  }
  set(key: string, value: string, ttl?: number): Awaitable<void> {
    return this.guard("set", () => this.store.set(key, value, ttl));
  }
  add(key: string, value: string, ttl: number): Awaitable<boolean> {
    return this.guard("add", () => this.store.add(key, value, ttl));
  }
  increment(key: string, by: number, ttl: number): Awaitable<number> {
    return this.guard("increment", () => this.store.increment(key, by, ttl));
  }
  hit(key: string, window: number, limit: number, options?: HitOptions): Awaitable<Hits> {
    return this.guard("hit", () => this.store.hit(key, window, limit, options));
  }
  delete(key: string): Awaitable<boolean> {
    return this.guard("delete", () => this.store.delete(key));
  }

  private guard<T>(operation: string, call: () => Awaitable<T>): Awaitable<T> {
    try {
      const result = call();
      if (!isThenable(result)) return result;
      // A store that never responds must not hold a request for ever.
      const inTime = withTimeout(result, DEADLINE_MS).then(undefined, failed);
      return this.meter === undefined ? inTime : this.meter.timed("store", operation, inTime);
    } catch (error) {
      return failed(error);
    }
  }
}

// A full store has not failed: the caller must learn that it refuses.
function failed(error: unknown): never {
  throw error instanceof StoreFullError ? error : new StoreFailure(error);
}
