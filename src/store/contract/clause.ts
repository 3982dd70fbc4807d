import { randomUUID } from "node:crypto";
import type { Namespace, Store } from "../store.js";
import type { Awaitable } from "../../awaitable.js";

/** A store being checked, and the hand on its clock. */
export interface ContractContext {
  readonly store: Store;
  /** Lets so many seconds go by for the store. */
  readonly advance: (seconds: number) => Awaitable<void>;
  /** A key that no other clause uses, so that stores which outlive a clause do not disturb the next. */
  readonly key: (namespace: Namespace, rest?: string) => string;
}

/** One thing that a store must do. */
export interface Clause {
  readonly name: string;
  check(subject: ContractContext): Promise<void>;
}

/** Makes a subject with its own corner of the store. */
export function newContractContext(store: Store, advance: ContractContext["advance"]): ContractContext {
  const corner = randomUUID();
  return { store, advance, key: (namespace, rest = "key") => `${namespace}:${corner}|${rest}` };
}

/** Everything an async iterable gives. */
export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of iterable) all.push(one);
  return all;
}

/** The answers to `count` calls made at the same time. */
export function concurrently<T>(count: number, call: (index: number) => Awaitable<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, async (_, index) => call(index)));
}
