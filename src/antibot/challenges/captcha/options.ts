import { flag, integer, list, oneOf, type Check } from "../../../options/check.js";
import type { AnyTable, Resolved } from "../../../options/table.js";
import { Alphabet, DEFAULT_ALPHABET } from "./alphabet.js";
import { glyphsOf } from "./glyphs.js";

/** What people who cannot read the picture may do instead. */
export type Alternative = "audio" | "javascript";

/** What a captcha is shown as. */
export type Presentation = "image" | Alternative;

/** Options of the `captcha` challenge. */
export interface CaptchaOptions {
  /** The characters of answers: Latin letters, digits, signs. Setting `ANTIBOT_CAPTCHA_ALPHABET`. Default: easily told apart. */
  alphabet?: string;
  /** The number of characters of an answer, 4–8. Default 6. */
  length?: number;
  /** Whether `a` and `A` differ. Default `false`. */
  caseSensitive?: boolean;
  /**
   * What "I can't read this" leads to: spoken digits (`"audio"`) and, for visitors who cannot hear either, a proof of
   * work of 16 times the usual work (`"javascript"`). The captcha is as weak as its weakest alternative. Default both.
   */
  alternatives?: string | readonly Alternative[];
  /** How many pictures and sounds one client gets in ten minutes; then it gets the proof of work, if that is offered. Default 60. */
  limit?: number;
  /** How many pictures and sounds are made a second, for all clients together; beyond it visitors get the proof of work. Default 100. */
  budget?: number;
}

/** Answers made of fewer characters are guessed too often. */
const MIN_CHARACTERS = 8;

const alphabetCheck: Check<string> = {
  allowed: `a text of at least ${MIN_CHARACTERS} different characters (upper and lower case count as one)`,
  parse: (value) => value,
  read(value, path, report) {
    if (typeof value !== "string" || new Alphabet(value, false).classes.length < MIN_CHARACTERS) {
      report({ path, value, allowed: this.allowed });
      return undefined;
    }
    const unknown = Array.from(value.normalize("NFC")).filter((one) => glyphsOf(one).length === 0);
    if (unknown.length === 0) return value;
    const allowed =
      "characters that the captcha's fonts can draw: Latin letters, digits, #$%&*+=?@<>/ and ÄÖÜäöüßÉéÑñÇç";
    report({ path, value: unknown.join(" "), allowed });
    return undefined;
  },
};

export const captchaTable = {
  alphabet: {
    setting: "ANTIBOT_CAPTCHA_ALPHABET",
    context: "multisite",
    check: alphabetCheck,
    default: DEFAULT_ALPHABET,
    help: "The characters that answers are made of.",
  },
  length: { check: integer(4, 8, "characters"), default: 6, help: "The number of characters of an answer." },
  caseSensitive: { check: flag(), default: false, help: "Whether upper and lower case differ in answers." },
  alternatives: {
    check: list(oneOf("audio", "javascript")),
    default: () => ["audio", "javascript"],
    help: "The alternatives to the picture: spoken digits, or a proof of work.",
  },
  limit: {
    check: integer(1, 100_000, "pictures and sounds"),
    default: 60,
    help: "The maximum number of pictures and sounds for one client in ten minutes.",
  },
  budget: {
    check: integer(1, 10_000, "pictures and sounds a second"),
    default: 100,
    help: "The maximum number of pictures and sounds made per second, for all clients together.",
  },
} satisfies AnyTable;

export type CaptchaResolved = Resolved<typeof captchaTable>;
