import { isThenable } from "../awaitable.js";
import type { Namespace, Store, StoreChange } from "./store.js";

/** The texts of a namespace whose rest starts with `prefix`, with the seconds they have left, however the store tells them best. */
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
    // Promise.all waits even for plain values, so it is used only where the store answers with promises.
    const value = store.get(key);
    const ttl = store.ttl(key);
    const [text, left] =
      isThenable(value) || isThenable(ttl) ? await Promise.all([value, ttl]) : [value, ttl];
    if (text !== undefined && left !== undefined) yield { key, value: text, ttl: left };
  }
}
