import { StoreFailure } from "../errors.js";
import { withTimeout } from "../with-timeout.js";
import { StoreFullError, type HitOptions, type Hits, type Store } from "./store.js";
import { isThenable, type Awaitable } from "../awaitable.js";

/** How long any store may take for one call. */
const DEADLINE_MS = 1000;

/** The calls that protections make, with every failure turned into a {@link StoreFailure}, so that `onStoreError` can tell it from a bug. */
export class GuardedStore {
  constructor(private readonly store: Store) {}

  get(key: string): Awaitable<string | undefined> {
    return guard(() => this.store.get(key));
  }
  set(key: string, value: string, ttl?: number): Awaitable<void> {
    return guard(() => this.store.set(key, value, ttl));
  }
  add(key: string, value: string, ttl: number): Awaitable<boolean> {
    return guard(() => this.store.add(key, value, ttl));
  }
  increment(key: string, by: number, ttl: number): Awaitable<number> {
    return guard(() => this.store.increment(key, by, ttl));
  }
  hit(key: string, window: number, limit: number, options?: HitOptions): Awaitable<Hits> {
    return guard(() => this.store.hit(key, window, limit, options));
  }
  delete(key: string): Awaitable<boolean> {
    return guard(() => this.store.delete(key));
  }
}

function guard<T>(call: () => Awaitable<T>): Awaitable<T> {
  try {
    const result = call();
    // A store that never responds must not hold a request for ever.
    return isThenable(result) ? withTimeout(result, DEADLINE_MS).then(undefined, failed) : result;
  } catch (error) {
    return failed(error);
  }
}

// A full store has not failed: the caller must learn that it refuses.
function failed(error: unknown): never {
  throw error instanceof StoreFullError ? error : new StoreFailure(error);
}
