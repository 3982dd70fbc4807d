/** One thing wrong with the options or settings that a user gave. */
export interface OptionProblem {
  /** Where: the option path (`badBehavior.banTime`). */
  readonly path: string;
  /** The value that was passed; never a secret. */
  readonly value: unknown;
  /** What would have been right, in words. */
  readonly allowed: string;
  /** The nearest name that exists, for a misspelt one. */
  readonly nearest?: string;
}

/** Thrown at start-up when options are wrong: all problems at once, one line each. */
export class BunkerOptionsError extends TypeError {
  readonly code = "ERR_BUNKER_OPTIONS";
  constructor(readonly problems: readonly OptionProblem[]) {
    super(
      withHelp(
        "ERR_BUNKER_OPTIONS",
        `${problems.length === 1 ? "one option is" : `${problems.length} options are`} wrong\n${problems.map(line).join("\n")}`,
      ),
    );
    this.name = "BunkerOptionsError";
  }
}

/** Thrown when a call on a {@link BanList} asks for something it must not do or cannot read. */
export class BunkerBanError extends RangeError {
  constructor(
    readonly code: "ERR_BUNKER_BAN_ADDRESS" | "ERR_BUNKER_BAN_WIDE",
    message: string,
  ) {
    super(withHelp(code, message));
    this.name = "BunkerBanError";
  }
}

/** A failed store call; the middlewares then follow `onStoreError`. */
export class StoreFailure extends Error {
  readonly code = "ERR_BUNKER_STORE";
  /** @param consequence what that means for the caller, in words */
  constructor(cause: unknown, consequence = "") {
    const text = `the store failed: ${messageOf(cause)}${consequence === "" ? "" : `; ${consequence}`}`;
    super(withHelp("ERR_BUNKER_STORE", text), { cause });
    this.name = "StoreFailure";
  }
}

/** A hook returned a value that it must not return. */
export class BunkerHookError extends TypeError {
  readonly code = "ERR_BUNKER_HOOK";
  constructor(hook: string, what: string) {
    super(withHelp("ERR_BUNKER_HOOK", `${hook} ${what}`));
    this.name = "BunkerHookError";
  }
}

/** A message of ours: its code, the text, and the command that explains the code. */
export function withHelp(code: string, text: string): string {
  return `${code}: ${text}${text.includes("\n") ? "\n" : " "}(npx express-bunker error ${code})`;
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function line(problem: OptionProblem): string {
  const nearest = problem.nearest === undefined ? "" : `; did you mean "${problem.nearest}"?`;
  return `  - ${problem.path}: got ${shown(problem.value)}; allowed: ${problem.allowed}${nearest}`;
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === "function") return "a function";
  if (value === null || typeof value !== "object") return String(value);
  if (value instanceof RegExp) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return "an object";
}
