import { printable } from "../printable.js";

/** Stands for all values beyond the limit. */
export const OTHER = "other";
/** The longest value of a label, in characters. */
const MAX_LENGTH = 64;

/**
 * Keeps the values of one label few and short: the known ones, and the first others; those that come later are `other`. So no app
 * and no client decides how many series there are.
 */
export class LabelLimit {
  private readonly values = new Map<string, string>();
  private readonly limit: number;

  /**
   * @param others how many values are taken besides the known ones
   * @param known the values that always have a place
   */
  constructor(others: number, known: readonly string[] = []) {
    for (const value of known) this.values.set(value, value);
    this.limit = known.length + others;
  }

  /** Returns the label for a value. */
  of(value: string): string {
    const text = value.length > MAX_LENGTH ? value.slice(0, MAX_LENGTH) : value;
    const known = this.values.get(text);
    if (known !== undefined) return known;
    if (this.values.size >= this.limit) return OTHER;
    // A cut may leave half of a character, which has no encoding.
    const label = Buffer.from(printable(text)).toString();
    this.values.set(text, label);
    return label;
  }
}
