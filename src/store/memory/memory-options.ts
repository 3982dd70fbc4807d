import { getHeapStatistics } from "node:v8";
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
  /**
   * The maximum number of bytes, estimated: for each namespace (others keep their default), or one number that is divided
   * among them in the proportions of the defaults. Default: half of the heap's limit, of which ban 40 %, state 4 %, spent
   * 10 %, hit 30 %, cache 16 %.
   */
  maxBytes?: number | { [N in Namespace]?: number };
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

/** The share of each namespace in the bytes, in percent. */
const BYTE_SHARES: Readonly<Record<Namespace, number>> = { ban: 40, state: 4, spent: 10, hit: 30, cache: 16 };

const MAX_KEYS = 10_000_000;
const MIN_BYTES = 100_000;
const MAX_BYTES = 2 ** 40;

// Half of what the heap may grow to: the app needs the other.
const defaultMaxBytes = (): Readonly<Record<Namespace, number>> =>
  divided(Math.floor(getHeapStatistics().heap_size_limit / 2), BYTE_SHARES);

function divided(
  sum: number,
  shares: Readonly<Record<Namespace, number>>,
): Readonly<Record<Namespace, number>> {
  const whole = Object.values(shares).reduce((before, share) => before + share, 0);
  return Object.fromEntries(
    NAMESPACES.map((name) => [name, Math.floor((sum * shares[name]) / whole)]),
  ) as Record<Namespace, number>;
}

type Budgets = Readonly<Record<Namespace, number>>;

/** A number for each namespace, or one that is divided among them. */
function budgetsCheck(
  what: "keys" | "bytes",
  total: Check<number>,
  each: { check: Check<number>; shares: Budgets; defaults: () => Budgets },
): Check<Budgets> {
  const option = (name: Namespace) => ({
    check: each.check,
    default: () => each.defaults()[name],
    help: `The maximum number of ${what === "keys" ? "" : "bytes of "}${name} keys.`,
  });
  const table = group(
    Object.fromEntries(NAMESPACES.map((name) => [name, option(name)])) as Record<
      Namespace,
      ReturnType<typeof option>
    >,
  );
  return {
    allowed: `${total.allowed}, or ${table.allowed}`,
    parse: (text) => text,
    read(value, path, report) {
      if (typeof value === "object" && value !== null) return table.read(value, path, report);
      const sum = total.read(value, path, (problem) => report({ ...problem, allowed: this.allowed }));
      return sum === undefined ? undefined : divided(sum, each.shares);
    },
  };
}

export const memoryTable = {
  maxKeys: {
    check: budgetsCheck("keys", integer(100, MAX_KEYS), {
      check: integer(1, MAX_KEYS),
      shares: DEFAULT_MAX_KEYS,
      defaults: () => DEFAULT_MAX_KEYS,
    }),
    default: DEFAULT_MAX_KEYS,
    help: "The maximum number of keys, in total or per namespace.",
  },
  maxBytes: {
    check: budgetsCheck("bytes", integer(MIN_BYTES, MAX_BYTES), {
      check: integer(1, MAX_BYTES),
      shares: BYTE_SHARES,
      defaults: defaultMaxBytes,
    }),
    default: defaultMaxBytes,
    help: "The maximum number of bytes, in total or per namespace.",
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
