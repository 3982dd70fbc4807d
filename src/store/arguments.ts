import { NAMESPACES, type Namespace } from "./store.js";

/** @throws {TypeError} always: a key does not start with a namespace */
export function invalidKey(key: string): never {
  throw new TypeError(`a store's keys start with ${NAMESPACES.join(":, ")}:, unlike "${key}"`);
}

export function namespaceOf(key: string): Namespace {
  return key.slice(0, key.indexOf(":")) as Namespace;
}

/** Returns `ttl` if it is a number of seconds from 0. */
export function validTtl(ttl: number): number {
  if (!(ttl >= 0) || ttl === Infinity)
    throw new RangeError(`a time to live must be a number of seconds from 0, not ${ttl}`);
  return ttl;
}

export function checkHit(window: number, limit: number, weight: number): void {
  if (!(window > 0) || !(limit >= 1) || !Number.isSafeInteger(weight) || weight < 1)
    throw new RangeError(
      `hit needs a window above 0 s, a limit from 1 and a whole weight from 1, not ${window}, ${limit}, ${weight}`,
    );
}
