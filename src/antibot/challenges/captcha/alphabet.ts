import type { RandomStream } from "./random-stream.js";

/** Characters that people tell apart: one of each group at most that is easily confused (A H, M N W, T 7, K X Y, P R 9 …). */
export const DEFAULT_ALPHABET = "ACEMPTUYde236";

export class Alphabet {
  readonly classes: readonly string[];
  private readonly forms: readonly (readonly string[])[];

  constructor(
    characters: string,
    private readonly caseSensitive: boolean,
  ) {
    const byClass = new Map<string, string[]>();
    for (const character of new Set(characters.normalize("NFC"))) {
      const folded = this.fold(character);
      byClass.set(folded, [...(byClass.get(folded) ?? []), character]);
    }
    this.classes = [...byClass.keys()];
    this.forms = [...byClass.values()];
  }

  /** A new answer. All characters are equally likely, even if some are drawn in two cases. */
  randomAnswer(length: number, random: RandomStream): string {
    return Array.from({ length }, () => random.pick(random.pick(this.forms))).join("");
  }

  /** Normalizes a text, so that equivalent answers are equal. */
  fold(text: string): string {
    const whole = text.normalize("NFC").replace(/\s+/gu, "");
    return this.caseSensitive ? whole : whole.toLowerCase();
  }
}
