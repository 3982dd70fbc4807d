/** Thrown for a pattern that cannot be run as meant, or not safely. The message says what to write instead. */
export class PatternError extends SyntaxError {
  constructor(pattern: string, problem: string) {
    const shown = pattern.length > 80 ? `${pattern.slice(0, 80)}…` : pattern;
    super(`pattern ${JSON.stringify(shown)}: ${problem}`);
    this.name = "PatternError";
  }
}
