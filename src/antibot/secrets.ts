import { randomBytes } from "node:crypto";
import type { GuardedStore } from "../store/guarded-store.js";
import type { Awaitable } from "../awaitable.js";
import { isThenable } from "../awaitable.js";

/** The shortest secret, in characters (R18). */
export const SHORTEST_SECRET = 16;

/**
 * A secret of this installation: generated once, kept in the store for good, and so the same for every instance on a
 * shared store.
 */
export function generatedSecret(store: GuardedStore): Awaitable<string> {
  const key = "state:secret|antibot";
  const fresh = randomBytes(32).toString("base64url");
  const added = store.add(key, fresh, 0);
  const read = (wrote: boolean): Awaitable<string> => {
    if (wrote) return fresh;
    const kept = store.get(key);
    return isThenable(kept) ? kept.then((text) => text ?? fresh) : (kept ?? fresh);
  };
  return isThenable(added) ? added.then(read) : read(added);
}
