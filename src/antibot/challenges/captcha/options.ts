import { check, flag, integer, list, oneOf, type Check } from "../../../options/check.js";
import type { OptionsTable } from "../../../options/table.js";
import { Alphabet, DEFAULT_ALPHABET } from "./alphabet.js";
import { glyphsOf } from "./glyphs.js";

/** Ways in for people who cannot read the picture. */
export type Alternative = "audio" | "javascript";

/** What a captcha is shown as. */
export type Presentation = "image" | Alternative;

/** Options of the `captcha` challenge. */
export interface CaptchaOptions {
  /**
   * The characters that answers are made of: Latin letters, digits and what else the fonts hold. Setting
   * `ANTIBOT_CAPTCHA_ALPHABET`. Default: letters and digits that are told apart at a glance.
   */
  alphabet?: string;
  /** Characters of an answer, 4–8. Default 6. */
  length?: number;
  /** Whether `a` and `A` differ. Default `false`. */
  caseSensitive?: boolean;
  /**
   * What "I can't read this" leads to: spoken digits (`"audio"`) and, for who cannot hear either, a proof of work of 16 times
   * the usual work (`"javascript"`). A way in that machines find easier makes the captcha as weak as that. Default both.
   */
  alternatives?: string | readonly Alternative[];
  /** Pictures and sounds that one client is given in ten minutes; then there is only the proof of work, or none. Default 60. */
  limit?: number;
  /** Pictures and sounds made a second, for everybody together; beyond it visitors get the proof of work. Default 100. */
  budget?: number;
}

/** {@link CaptchaOptions} read and checked. */
export interface CaptchaResolved {
  alphabet: string;
  length: number;
  caseSensitive: boolean;
  alternatives: Alternative[];
  limit: number;
  budget: number;
}

/** Fewer characters than this are guessed too often. */
const LEAST_CHARACTERS = 8;

const alphabetCheck: Check<string> = {
  ...check("", () => ""),
  allowed: `a text of at least ${LEAST_CHARACTERS} different characters (upper and lower case count as one)`,
  read(value, path, report) {
    if (typeof value !== "string" || new Alphabet(value, false).classes.length < LEAST_CHARACTERS) {
      report({ path, value, allowed: this.allowed });
      return undefined;
    }
    const unknown = Array.from(value.normalize("NFC")).filter(
      (character) => glyphsOf(character).length === 0,
    );
    if (unknown.length === 0) return value;
    report({
      path,
      value: unknown.join(" "),
      allowed:
        "characters that the captcha's fonts can draw: Latin letters, digits, #$%&*+=?@<>/ and ÄÖÜäöüßÉéÑñÇç",
    });
    return undefined;
  },
};

/** The options of the captcha. */
export const captchaTable: OptionsTable<CaptchaResolved> = {
  alphabet: {
    setting: "ANTIBOT_CAPTCHA_ALPHABET",
    context: "multisite",
    check: alphabetCheck,
    default: DEFAULT_ALPHABET,
    help: "The characters that answers are made of.",
  },
  length: { check: integer(4, 8, "characters"), default: 6, help: "Characters of an answer." },
  caseSensitive: { check: flag(), default: false, help: "Whether upper and lower case differ." },
  alternatives: {
    check: list(oneOf("audio", "javascript")),
    default: () => ["audio", "javascript"],
    help: "Ways in for people who cannot read the picture.",
  },
  limit: {
    check: integer(1, 100_000, "pictures and sounds"),
    default: 60,
    help: "Pictures and sounds that one client is given in ten minutes.",
  },
  budget: {
    check: integer(1, 10_000, "pictures and sounds a second"),
    default: 100,
    help: "Pictures and sounds made a second, for everybody together.",
  },
};
