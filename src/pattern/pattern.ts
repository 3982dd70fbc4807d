import type * as Compiler from "./compile-pattern.js";
import { matchesQuery, type Pattern, type PatternOptions } from "./safe-pattern.js";

export { PatternError } from "./pattern-error.js";
export type { Pattern } from "./safe-pattern.js";

/**
 * Makes a pattern of text in BunkerWeb's syntax or of a RegExp. Case-sensitive and unanchored, unless the pattern says
 * otherwise (`(?i)` at its start, `^`, `$`). The flags g and y of a RegExp are dropped, since they carry state.
 *
 * @param subject what it is tested on; a pattern that is not linear sees 2048 characters of a URI, 256 of a User-Agent
 * @throws PatternError when it is not valid, uses syntax that JavaScript lacks, or could be made to run for ever
 */
export function compilePattern(source: string | RegExp, options: PatternOptions = {}): Pattern {
  // The parser and the analysis are a tenth of the package, and most apps have no patterns of their own.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return (require("./compile-pattern.js") as typeof Compiler).compilePattern(source, options);
}

/** Makes a pattern of an expression in our own code, which a test has found to be linear. */
export function ownPattern(source: string): Pattern {
  let regexp: RegExp | undefined;
  return {
    source,
    matchesQuery: matchesQuery(source),
    limit: Infinity,
    test: (tested) => (regexp ??= new RegExp(source)).test(tested),
  };
}
