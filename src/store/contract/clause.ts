import { strict as assert } from "node:assert";
import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Awaitable } from "../../awaitable.js";
import type { Namespace, Store, StoreChange } from "../store.js";

interface Received {
  readonly changes: readonly StoreChange[];
  readonly stop: () => void;
  /** Resolves when `count` changes have arrived. */
  until(count: number): Promise<void>;
}

/** The arguments of a clause of the contract. */
export interface ContractContext {
  readonly store: Store;
  readonly advance: (seconds: number) => Awaitable<void>;
  /** A key that no other clause uses, so that a store which outlives a clause does not disturb the next one. */
  readonly key: (namespace: Namespace, rest?: string) => string;
  /** The keys of this clause in a namespace that continue with `prefix`. */
  readonly list: (namespace: Namespace, prefix?: string) => Promise<string[]>;
  readonly listen: (namespace: Namespace) => Received;
}

/** Requirements on a store, by name. */
export type Clauses = Readonly<Record<string, (context: ContractContext) => Promise<void>>>;

/** Creates a context with keys that no other context uses. */
export function newContractContext(store: Store, advance: ContractContext["advance"]): ContractContext {
  const id = randomUUID();
  const key = (namespace: Namespace, rest = "key"): string => `${namespace}:${id}|${rest}`;
  const listen = (namespace: Namespace): Received => {
    assert.ok(store.watch !== undefined, "the store has no watch(); declare it with { watch: false }");
    const changes: StoreChange[] = [];
    // A shared store reports the changes of other tests too.
    const stop = store.watch(namespace, (change) => {
      if (change.key.startsWith(key(namespace, ""))) changes.push(change);
    });
    // A store on a network may take up to a second.
    const until = async (count: number): Promise<void> => {
      for (let tries = 0; changes.length < count && tries < 100; tries++) await wait(10);
      assert.equal(changes.length, count, `${changes.length} changes were reported, not ${count}`);
    };
    return { changes, stop, until };
  };
  const list = (namespace: Namespace, prefix = ""): Promise<string[]> =>
    collect(store.keys(namespace, `${id}|${prefix}`));
  return { store, advance, key, list, listen };
}

/** Checks that these are the numbers from 1 to `count`, in any order: no concurrent call was lost. */
export function assertCountedTo(count: number, numbers: number[]): void {
  assert.deepEqual(
    numbers.sort((a, b) => a - b),
    Array.from({ length: count }, (_, index) => index + 1),
  );
}

export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of iterable) all.push(one);
  return all;
}

/** The results of `count` concurrent calls. */
export function concurrently<T>(count: number, call: (index: number) => Awaitable<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, async (_, index) => call(index)));
}
