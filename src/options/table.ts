import { BunkerOptionsError, type OptionProblem } from "../errors.js";
import type { Check, ReportProblem } from "./check.js";

/** One option: its setting, check, default and a sentence that describes it. */
export interface OptionSpec<Out> {
  /** BunkerWeb's name for it; absent for options that BunkerWeb does not have. */
  readonly setting?: string;
  /** Whether BunkerWeb accepts the setting for all services together only, or for each one, too. */
  readonly context?: "global" | "multisite";
  /** Whether the setting may be repeated as `NAME_1`, `NAME_2`, …; the lists are joined. */
  readonly multiple?: boolean;
  readonly check: Check<NonNullable<Out>>;
  /** The value of a missing option, or a function that makes a new one each time. */
  readonly default: Out | (() => Out);
  readonly help: string;
  /** Never shown in errors. */
  readonly secret?: boolean;
}

/** The options of one part: the single source for names, defaults, validation, settings and docs. */
export type OptionsTable<Values> = { readonly [K in keyof Values]-?: OptionSpec<Values[K]> };

/** The type of all tables: `const table = { … } satisfies AnyTable`. */
export type AnyTable = Readonly<
  Record<string, Omit<OptionSpec<unknown>, "check"> & { readonly check: Check<unknown> }>
>;

/** The values that {@link readOptions} returns for a table: what each check returns, or its default. */
export type Resolved<Table extends AnyTable> = {
  -readonly [K in keyof Table]: Table[K] extends { check: Check<infer Value>; default: infer Default }
    ? Value | Extract<Default, undefined>
    : never;
};

/** Reads `options` by `table`: every problem goes to `report`, and an option that is wrong gets its default. */
export function readOptions<Table extends AnyTable>(
  table: Table,
  options: unknown,
  prefix: string,
  report: ReportProblem,
): Resolved<Table> {
  const input = options === undefined ? {} : options;
  if (input === null || typeof input !== "object" || Array.isArray(input)) {
    // A string in place of a group may be the secret that belongs inside it.
    const value = typeof input === "string" ? "(a text)" : input;
    report({ path: prefix === "" ? "options" : prefix, value, allowed: "an object of options" });
    return readOptions(table, {}, prefix, report);
  }
  const at = (name: string): string => (prefix === "" ? name : `${prefix}.${name}`);
  const names = Object.keys(table);
  for (const [name, value] of Object.entries(input)) {
    if (Object.hasOwn(table, name) || value === undefined) continue;
    report({
      path: at(name),
      // The value of a misspelt name may be a secret, so only its type is shown.
      value: typeof value === "string" ? "(a text under this name)" : value,
      allowed: `one of ${names.join(", ")}`,
      nearest: nearestName(name, names),
    });
  }
  const ready: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(table)) {
    const value = (input as Record<string, unknown>)[name];
    const hidden: ReportProblem =
      spec.secret === true ? (problem) => report({ ...problem, value: "(hidden)" }) : report;
    const read = value === undefined ? undefined : spec.check.read(value, at(name), hidden);
    ready[name] =
      read ?? (typeof spec.default === "function" ? (spec.default as () => unknown)() : spec.default);
  }
  return ready as Resolved<Table>;
}

/** A check for an option that is itself a group of options. */
export function group<Table extends AnyTable>(table: Table): Check<Resolved<Table>> {
  return {
    allowed: `an object of ${Object.keys(table).join(", ")}`,
    table,
    parse: (text) => text,
    read: (value, path, report) => readOptions(table, value, path, report),
  };
}

/**
 * A check for a protection's options, or a switch: `true` = its defaults, `false` = off.
 *
 * @param example the least that a protection takes that cannot be on without options, so that `true` is refused
 */
export function switched<Table extends AnyTable>(
  options: Table,
  example?: string,
): Check<Resolved<Table> | false> {
  const whole = group(options);
  const hasDefaults = example === undefined;
  const allowed = hasDefaults
    ? `true, false, or ${whole.allowed}`
    : `false, or an object of options such as ${example}`;
  return {
    allowed,
    table: options,
    parse: (text) => (text === "yes" ? true : text === "no" ? false : text),
    read(value, path, report) {
      if (value === false) return false;
      if (value === true && hasDefaults) return readOptions(options, {}, path, report);
      if (typeof value === "object") return whole.read(value, path, report);
      report({ path, value, allowed });
      return undefined;
    },
  };
}

/** Runs `read` with a report and throws one {@link BunkerOptionsError} if anything was reported. */
export function allProblemsAtOnce<T>(read: (report: ReportProblem) => T): T {
  const problems: OptionProblem[] = [];
  const result = read((problem) => {
    // An option that was not understood is missing, too: it is reported once.
    const isReported = problems.some(
      ({ path, allowed }) => path === problem.path && allowed === problem.allowed,
    );
    if (!isReported) problems.push(problem);
  });
  if (problems.length > 0) throw new BunkerOptionsError(problems);
  return result;
}

/** The one of `names` that `name` was probably meant to be, if any is near. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  const lowered = name.toLowerCase().slice(0, 64);
  for (const candidate of names) {
    const other = candidate.toLowerCase();
    // No distance is shorter than the difference of the lengths.
    if (Math.abs(other.length - lowered.length) >= bestDistance) continue;
    const distance = editDistance(lowered, other);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** How many letters must be put in, taken out or changed to make `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
