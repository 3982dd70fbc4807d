import { StoreFailure } from "../errors.js";
import { withTimeout } from "../with-timeout.js";
import { isThenable } from "../awaitable.js";
import { StoreFullError, type HitOptions, type Hits, type Store } from "./store.js";
import type { Awaitable } from "../awaitable.js";

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
    const answer = call();
    // A store that never answers must not hold a request for ever.
    return isThenable(answer) ? withTimeout(answer, DEADLINE_MS).then(undefined, failed) : answer;
  } catch (error) {
    return failed(error);
  }
}

// A full store works as it should; it refuses, and the caller must hear exactly that.
function failed(error: unknown): never {
  throw error instanceof StoreFullError ? error : new StoreFailure(error);
}
