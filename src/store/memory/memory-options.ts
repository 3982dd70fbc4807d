import { BunkerOptionsError, type OptionProblem } from "../../errors.js";
import { nearestName } from "../../options/table.js";
import { NAMESPACES, type Namespace } from "../store.js";
import type { MemoryEngine } from "./key-index.js";

/** How a `MemoryStore` is set up. */
export interface MemoryStoreOptions {
  /**
   * How many keys it holds at most: for each namespace (those left out keep their default), or one number that is
   * shared out among them as the defaults are. Default: ban 1 000 000, state 100 000, spent, hit and cache 500 000 each.
   */
  maxKeys?: number | { [N in Namespace]?: number };
  /** The clock, in ms. Default `Date.now`, or the clock of the first middleware that is given one. */
  now?: () => number;
  /**
   * What holds the keys: `"map"` (JavaScript's own) or `"node-cache"`, which stalls the process for tens of
   * milliseconds beyond some 100 000 keys. Default `"map"`.
   */
  engine?: MemoryEngine;
}

/** Options that have been read. */
export interface MemoryStoreResolved {
  readonly maxKeys: Readonly<Record<Namespace, number>>;
  readonly now: (() => number) | undefined;
  readonly engine: MemoryEngine;
}

/** The budgets of a store that was given none. */
export const DEFAULT_MAX_KEYS: Readonly<Record<Namespace, number>> = {
  ban: 1_000_000,
  state: 100_000,
  spent: 500_000,
  hit: 500_000,
  cache: 500_000,
};

const DEFAULT_TOTAL = Object.values(DEFAULT_MAX_KEYS).reduce((sum, keys) => sum + keys, 0);
const MIN_TOTAL = 100;
const MAX_KEYS = 10_000_000;
const OPTION_NAMES = ["maxKeys", "now", "engine"];

type Report = (path: string, value: unknown, allowed: string, nearest?: string) => void;

/**
 * Reads the options of a `MemoryStore`.
 *
 * @throws {BunkerOptionsError} listing all that is wrong with them
 */
export function readMemoryOptions(options: MemoryStoreOptions): MemoryStoreResolved {
  const problems: OptionProblem[] = [];
  const report: Report = (path, value, allowed, nearest) => problems.push({ path, value, allowed, nearest });
  reportUnknown(options, OPTION_NAMES, "", report);
  const { now, engine = "map" } = options;
  if (now !== undefined && typeof now !== "function") report("now", now, "a function () => ms");
  if (!["map", "node-cache"].includes(engine)) report("engine", engine, '"map" or "node-cache"');
  const maxKeys = readMaxKeys(options.maxKeys, report);
  if (problems.length > 0) throw new BunkerOptionsError(problems);
  return { maxKeys, now, engine };
}

function readMaxKeys(given: MemoryStoreOptions["maxKeys"], report: Report): Record<Namespace, number> {
  const budgets = { ...DEFAULT_MAX_KEYS };
  if (given === undefined) return budgets;
  if (typeof given === "number") {
    if (isWhole(given, MIN_TOTAL)) return sharedOut(given);
    report("maxKeys", given, `a whole number from ${MIN_TOTAL} to ${MAX_KEYS}, or an object of them`);
    return budgets;
  }
  // Callers without types give anything.
  if (typeof (given as unknown) !== "object" || (given as unknown) === null) {
    report("maxKeys", given, `a whole number, or an object of ${NAMESPACES.join(", ")}`);
    return budgets;
  }
  reportUnknown(given, NAMESPACES, "maxKeys.", report);
  for (const namespace of NAMESPACES) {
    const keys = given[namespace];
    if (keys === undefined) continue;
    if (isWhole(keys, 1)) budgets[namespace] = keys;
    else report(`maxKeys.${namespace}`, keys, `a whole number from 1 to ${MAX_KEYS}`);
  }
  return budgets;
}

function sharedOut(total: number): Record<Namespace, number> {
  const budgets = { ...DEFAULT_MAX_KEYS };
  for (const namespace of NAMESPACES) {
    budgets[namespace] = Math.floor((total * DEFAULT_MAX_KEYS[namespace]) / DEFAULT_TOTAL);
  }
  return budgets;
}

function isWhole(value: unknown, least: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= MAX_KEYS;
}

function reportUnknown(given: object, names: readonly string[], prefix: string, report: Report): void {
  for (const [name, value] of Object.entries(given)) {
    if (names.includes(name) || value === undefined) continue;
    report(prefix + name, value, `one of ${names.join(", ")}`, nearestName(name, names));
  }
}
