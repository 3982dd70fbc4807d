import { isThenable } from "../awaitable.js";
import type { Namespace, Store, StoreChange } from "./store.js";

/** The strings and times to live of the keys `namespace:prefix…`, in the way that costs the store least. */
export async function* entriesOf(
  store: Store,
  namespace: Namespace,
  prefix: string,
): AsyncGenerator<StoreChange, void, undefined> {
  if (store.entries !== undefined) {
    yield* store.entries(namespace, prefix);
    return;
  }
  for await (const key of store.keys(namespace, prefix)) {
    // Promise.all waits even for plain values, so it is used only if the store returned a promise.
    const value = store.get(key);
    const ttl = store.ttl(key);
    const [text, left] =
      isThenable(value) || isThenable(ttl) ? await Promise.all([value, ttl]) : [value, ttl];
    if (text !== undefined && left !== undefined) yield { key, value: text, ttl: left };
  }
}
