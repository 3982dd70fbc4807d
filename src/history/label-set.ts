import { printable } from "../printable.js";

/** What stands for labels that did not fit. */
export const OTHER = "other";

const MAX_LENGTH = 40;

/** A bounded set of labels: those that come when it is full are counted together. */
export class LabelSet {
  private readonly known = new Map<string, string>();

  constructor(private readonly max: number) {}

  /** The label as part of a counter's name: cleaned and cut, or `other`. */
  of(text: string): string {
    const known = this.known.get(text);
    if (known !== undefined) return known;
    if (this.known.size >= this.max) return OTHER;
    const label = printable(text, MAX_LENGTH).replaceAll("|", "/") || OTHER;
    if (text.length <= 256) this.known.set(text, label);
    return label;
  }
}
