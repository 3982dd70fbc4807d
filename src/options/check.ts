import type { OptionProblem } from "../errors.js";

/** Takes a problem; the reader goes on to find the others. */
export type ReportProblem = (problem: OptionProblem) => void;

/** Knows what values an option takes. */
export interface Check<Out> {
  /** What is allowed, in words, for errors and docs. */
  readonly allowed: string;
  /** The value made ready for use, or `undefined` after reporting what is wrong with it. */
  read(value: unknown, path: string, report: ReportProblem): Out | undefined;
  /** Turns the text of a setting into the value that `read` takes. */
  parse(text: string): unknown;
  /** Where it takes a group of options: the table of that group. */
  readonly table?: unknown;
  /** Where it takes several: the check of each. */
  readonly item?: Check<unknown>;
}

/** A check from a function that returns the ready value, or `undefined` for a value that is not allowed. */
export function check<Out>(
  allowed: string,
  accept: (value: unknown) => Out | undefined,
  parse: (text: string) => unknown = (text) => text,
): Check<Out> {
  return {
    allowed,
    parse,
    read(value, path, report) {
      const ready = accept(value);
      if (ready === undefined) report({ path, value, allowed });
      return ready;
    },
  };
}

/** A check that `make` returns when it is first used, so that the table of a part that is off costs nothing. */
export function lazyCheck<Out>(make: () => Check<Out>): Check<Out> {
  let made: Check<Out> | undefined;
  const whole = (): Check<Out> => (made ??= make());
  return {
    get allowed() {
      return whole().allowed;
    },
    get table() {
      return whole().table;
    },
    parse: (text) => whole().parse(text),
    read: (value, path, report) => whole().read(value, path, report),
  };
}

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number, unit = ""): Check<number> {
  const top = max === Number.MAX_SAFE_INTEGER ? "" : ` to ${max}`;
  return check(
    `a whole number${unit === "" ? "" : ` of ${unit}`} from ${min}${top}`,
    (value) =>
      Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
        ? (value as number)
        : undefined,
    (text) => (/^\d{1,16}$/.test(text) ? Number(text) : text),
  );
}

/** Any number from `min` to `max`. */
export function decimal(min: number, max: number): Check<number> {
  return check(
    `a number from ${min} to ${max}`,
    (value) => (typeof value === "number" && value >= min && value <= max ? value : undefined),
    (text) => (/^\d{1,16}(?:\.\d{1,16})?$/.test(text) ? Number(text) : text),
  );
}

/** `true` or `false`; `yes` or `no` as a setting. */
export function flag(): Check<boolean> {
  return check(
    "true or false",
    (value) => (typeof value === "boolean" ? value : undefined),
    (text) => (text === "yes" ? true : text === "no" ? false : text),
  );
}

/** One of a few literal values. */
export function oneOf<const T extends readonly (string | number | boolean)[]>(
  ...values: T
): Check<T[number]> {
  return check(
    orList(values.map((value) => JSON.stringify(value))),
    (value) => (values.includes(value as T[number]) ? (value as T[number]) : undefined),
    (text) => values.find((value) => String(value) === text) ?? text,
  );
}

/** A text that `pattern` matches. */
export function text(allowed = "a text", pattern = /^[^]*$/): Check<string> {
  return check(allowed, (value) => (typeof value === "string" && pattern.test(value) ? value : undefined));
}

/** A function; what it returns is checked when it is called. */
export function hook<F extends (...args: never[]) => unknown>(signature: string): Check<F> {
  return check(`a function ${signature}`, (value) =>
    typeof value === "function" ? (value as F) : undefined,
  );
}

/** An array of items, or a text of items separated by white space, as in a setting. */
export function list<Out>(item: Check<Out>, options: { min?: number } = {}): Check<Out[]> {
  const min = options.min ?? 0;
  const allowed = `an array or space-separated text of ${min > 0 ? `at least ${min} item` : "items"}, each ${item.allowed}`;
  return {
    allowed,
    item,
    parse: (text) => words(text).map((word) => item.parse(word)),
    read(value, path, report) {
      const entries = typeof value === "string" ? words(value).map((word) => item.parse(word)) : value;
      if (!Array.isArray(entries) || entries.length < min) {
        report({ path, value, allowed });
        return undefined;
      }
      const ready = entries.map((entry: unknown, index) => item.read(entry, `${path}[${index}]`, report));
      return ready.every((entry) => entry !== undefined) ? ready : undefined;
    },
  };
}

/** Whichever of several checks takes the value first. */
export function either<Out>(...checks: Check<Out>[]): Check<Out> {
  const allowed = checks.map((one) => one.allowed).join(", or ");
  return {
    allowed,
    parse: (value) => checks[0]?.parse(value),
    read(value, path, report) {
      const inside: OptionProblem[] = [];
      for (const one of checks) {
        const problems: OptionProblem[] = [];
        const ready = one.read(value, path, (problem) => problems.push(problem));
        if (problems.length === 0 && ready !== undefined) return ready;
        // The value has the right shape for this check: what is wrong inside says more.
        if (inside.length === 0 && problems.every((problem) => problem.path !== path))
          inside.push(...problems);
      }
      for (const problem of inside) report(problem);
      if (inside.length === 0) report({ path, value, allowed });
      return undefined;
    },
  };
}

function orList(texts: readonly string[]): string {
  return texts.join(", ").replace(/, ([^,]*)$/, " or $1");
}

function words(value: string): string[] {
  return value.split(/\s+/).filter((word) => word !== "");
}
