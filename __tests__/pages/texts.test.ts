import { CompiledTheme } from "../../src/pages/compiled-theme.js";
import { en } from "../../src/pages/languages/en.js";
import { LANGUAGES, directionOf } from "../../src/pages/texts.js";
import type { PageTexts } from "../../src/pages/languages/en.js";

const KEYS = Object.keys(en) as (keyof PageTexts)[];
const OTHERS = Object.entries(LANGUAGES).filter(([tag]) => tag !== "en");

/** The script that a language's texts are written in, where it is not the Latin one. */
const SCRIPTS: Record<string, RegExp> = {
  ar: /\p{Script=Arabic}/u,
  fa: /\p{Script=Arabic}/u,
  he: /\p{Script=Hebrew}/u,
  ja: /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u,
  ko: /\p{Script=Hangul}/u,
  ru: /\p{Script=Cyrillic}/u,
  uk: /\p{Script=Cyrillic}/u,
  "zh-Hans": /\p{Script=Han}/u,
  "zh-Hant": /\p{Script=Han}/u,
};

test("R34 at least fourteen languages, right-to-left ones among them", () => {
  expect(OTHERS.length).toBeGreaterThanOrEqual(13);
  expect(Object.keys(LANGUAGES).filter((tag) => directionOf(tag) === "rtl")).toEqual(["ar", "fa", "he"]);
});

describe.each(OTHERS)("R34 %s", (tag, texts) => {
  test("has every text, and no other", () => {
    expect(Object.keys(texts).sort()).toEqual([...KEYS].sort());
    for (const key of KEYS) expect(texts[key].trim()).not.toBe("");
  });

  test("leaves nothing in English", () => {
    expect(KEYS.filter((key) => texts[key] === en[key])).toEqual([]);
    const script = SCRIPTS[tag];
    if (script !== undefined) expect(KEYS.filter((key) => !script.test(texts[key]))).toEqual([]);
  });

  test("fills in the same placeholders as English", () => {
    const places = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const key of KEYS) expect([key, places(texts[key])]).toEqual([key, places(en[key])]);
  });

  test("carries no markup and no stray white space", () => {
    for (const key of KEYS) expect(texts[key]).toMatch(/^(?! )[^<>\n\t]*(?<! )$/);
  });
});

test("Ukrainian and Russian, and the two Chinese scripts, are different texts", () => {
  const same = (one: string, other: string): (keyof PageTexts)[] =>
    KEYS.filter((key) => LANGUAGES[one]?.[key] === LANGUAGES[other]?.[key]);
  expect(same("ru", "uk").length).toBeLessThan(KEYS.length / 4);
  expect(same("zh-Hans", "zh-Hant").length).toBeLessThan(KEYS.length / 4);
});

test("a theme's own texts replace ours: for every language, and before that for the one", () => {
  const theme = new CompiledTheme({
    texts: { "*": { denyTitle: "Everywhere", tryAgain: "All" }, de: { denyTitle: "Nur hier" } },
  });
  expect(theme.texts("de")).toMatchObject({ denyTitle: "Nur hier", tryAgain: "All" });
  expect(theme.texts("fr")).toMatchObject({ denyTitle: "Everywhere", tryAgain: "All" });
  expect(theme.texts("de").denyHelp).toBe(LANGUAGES["de"]?.denyHelp);
  expect(new CompiledTheme({}).texts("de").denyTitle).toBe(LANGUAGES["de"]?.denyTitle);
});

test("a language that we do not speak is English", () => {
  expect(new CompiledTheme({}).texts("tlh")).toBe(en);
});
