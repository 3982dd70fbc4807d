/** A regular expression that was found safe to run on what visitors send. */
export interface Pattern {
  readonly source: string;
  /** Whether it contains `\?`: such a pattern is tested on path and query. */
  readonly matchesQuery: boolean;
  /**
   * The most characters it looks at: `Infinity` when its work is linear. In a longer text only a match that ends
   * before the cut and does not look at it counts.
   */
  readonly limit: number;
  /** Whether it matches anywhere in the text. Never throws, keeps no state. */
  test(text: string): boolean;
}

/** Options of `compilePattern`. */
export interface PatternOptions {
  readonly subject?: "uri" | "userAgent";
}

/** Whether a pattern contains `\?`: then it is tested on path and query. */
export function matchesQuery(source: string): boolean {
  return /^(?:[^\\]|\\[^?])*\\\?/.test(source);
}
