import type { Store } from "./store.js";

const scopes = new WeakMap<Store, StoreScope>();

/**
 * Everything that middlewares on the same store share in this process: the event bus, the ban index, and so on. The one
 * registry of such things; each is made the first time that it is asked for.
 */
export class StoreScope {
  private readonly parts = new Map<unknown, unknown>();

  private constructor(readonly store: Store) {}

  /** The scope of a store. */
  static of(store: Store): StoreScope {
    let scope = scopes.get(store);
    if (scope === undefined) scopes.set(store, (scope = new StoreScope(store)));
    return scope;
  }

  /** Makes the store follow an injected clock (ms), unless it has its own. */
  useClock(now: () => number): void {
    const { useClock } = this.store as { useClock?: unknown };
    if (typeof useClock === "function") (useClock as (clock: () => number) => void).call(this.store, now);
  }

  /** The one `Part` of this store. */
  get<T>(Part: new (scope: StoreScope) => T): T {
    let part = this.parts.get(Part) as T | undefined;
    if (part === undefined) this.parts.set(Part, (part = new Part(this)));
    return part;
  }
}
