import { hook, integer, oneOf, type Check } from "../../options/check.js";
import { group, type AnyTable } from "../../options/table.js";
import { NAMESPACES, type Namespace } from "../store.js";
import type { MemoryEngine } from "./key-index.js";

/** Options of a `MemoryStore`. */
export interface MemoryStoreOptions {
  /**
   * The maximum number of keys: for each namespace (others keep their default), or one number that is divided among them in
   * the proportions of the defaults. Default: ban 1 000 000, state 100 000, spent, hit and cache 500 000 each.
   */
  maxKeys?: number | { [N in Namespace]?: number };
  /** The clock, in ms. Default `Date.now`, or the clock of the first middleware that has one. */
  now?: () => number;
  /**
   * The data structure that holds the keys: `"map"` (JavaScript's own) or `"node-cache"`, which blocks the process for tens
   * of milliseconds beyond some 100 000 keys. Default `"map"`.
   */
  engine?: MemoryEngine;
}

const DEFAULT_MAX_KEYS: Readonly<Record<Namespace, number>> = {
  ban: 1_000_000,
  state: 100_000,
  spent: 500_000,
  hit: 500_000,
  cache: 500_000,
};

const DEFAULT_TOTAL = Object.values(DEFAULT_MAX_KEYS).reduce((sum, keys) => sum + keys, 0);
const MAX_KEYS = 10_000_000;

const total = integer(100, MAX_KEYS);
const budgets = group(
  Object.fromEntries(
    NAMESPACES.map((name) => [
      name,
      {
        check: integer(1, MAX_KEYS),
        default: DEFAULT_MAX_KEYS[name],
        help: `The maximum number of ${name} keys.`,
      },
    ]),
  ) as Record<Namespace, { check: Check<number>; default: number; help: string }>,
);

const maxKeysCheck: Check<Readonly<Record<Namespace, number>>> = {
  allowed: `${total.allowed}, or ${budgets.allowed}`,
  parse: (text) => text,
  read(value, path, report) {
    if (typeof value === "object" && value !== null) return budgets.read(value, path, report);
    const sum = total.read(value, path, (problem) => report({ ...problem, allowed: this.allowed }));
    if (sum === undefined) return undefined;
    const shares = NAMESPACES.map((name) => [
      name,
      Math.floor((sum * DEFAULT_MAX_KEYS[name]) / DEFAULT_TOTAL),
    ]);
    return Object.fromEntries(shares) as Record<Namespace, number>;
  },
};

export const memoryTable = {
  maxKeys: {
    check: maxKeysCheck,
    default: DEFAULT_MAX_KEYS,
    help: "The maximum number of keys, in total or per namespace.",
  },
  now: {
    check: hook<() => number>("() => milliseconds"),
    default: undefined,
    help: "The clock, in milliseconds.",
  },
  engine: {
    check: oneOf("map", "node-cache"),
    default: "map",
    help: "The data structure that holds the keys.",
  },
} satisfies AnyTable;
