import { printable } from "./printable.js";

/** Stands for all values beyond the limit. */
export const OTHER = "other";
/** The longest value of a label unless said otherwise, in characters. */
const MAX_LENGTH = 64;

/** What a {@link LabelLimit} lets through, besides a number of values. */
export interface LabelRules {
  /** The values that always have a place. */
  readonly known?: readonly string[];
  /** The longest label, in characters. Default: 64. */
  readonly length?: number;
  /** A character that divides labels where they are kept: `/` takes its place in them, and an empty label becomes `other`. */
  readonly separator?: string;
}

/**
 * Keeps the values of one label few and short: the known ones, and the first others; those that come later are `other`. So no app
 * and no client decides how many series and keys there are.
 */
export class LabelLimit {
  private readonly values = new Map<string, string>();
  private readonly limit: number;
  private readonly length: number;
  private readonly separator: string | undefined;

  /** @param others how many values are taken besides the known ones */
  constructor(others: number, { known = [], length = MAX_LENGTH, separator }: LabelRules = {}) {
    for (const value of known) this.values.set(value, value);
    this.limit = known.length + others;
    this.length = length;
    this.separator = separator;
  }

  /** Returns the label for a value. */
  of(value: string): string {
    const text = value.length > this.length ? value.slice(0, this.length) : value;
    const known = this.values.get(text);
    if (known !== undefined) return known;
    if (this.values.size >= this.limit) return OTHER;
    const label = this.labelOf(text);
    this.values.set(text, label);
    return label;
  }

  private labelOf(text: string): string {
    // A cut may leave half of a character, which has no encoding.
    const label = Buffer.from(printable(text)).toString();
    return this.separator === undefined ? label : label.replaceAll(this.separator, "/") || OTHER;
  }
}
