import type { RandomStream } from "./random-stream.js";

/**
 * Characters that people tell apart when they are turned, touching and struck through: of each group that is mixed up
 * (A H, M N W, T 7, K X Y, P R 9, C G …) one at most.
 */
export const DEFAULT_ALPHABET = "ACEMPTUYde236";

/** The characters that answers are made of. */
export class Alphabet {
  /** The characters that an answer can hold once folded. */
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

  /** A new answer. A letter that may be drawn in two cases is no likelier than the others. */
  randomAnswer(length: number, random: RandomStream): string {
    return Array.from({ length }, () => random.pick(random.pick(this.forms))).join("");
  }

  /** What two answers that mean the same have in common. */
  fold(text: string): string {
    const whole = text.normalize("NFC").replace(/\s+/gu, "");
    return this.caseSensitive ? whole : whole.toLowerCase();
  }
}
