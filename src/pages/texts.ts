import { en, type PageTexts } from "./languages/en.js";
import { ar } from "./languages/ar.js";
import { de } from "./languages/de.js";
import { es } from "./languages/es.js";
import { fa } from "./languages/fa.js";
import { fr } from "./languages/fr.js";
import { he } from "./languages/he.js";
import { it } from "./languages/it.js";
import { ja } from "./languages/ja.js";
import { ko } from "./languages/ko.js";
import { nl } from "./languages/nl.js";
import { pl } from "./languages/pl.js";
import { pt } from "./languages/pt.js";
import { ru } from "./languages/ru.js";
import { tr } from "./languages/tr.js";
import { uk } from "./languages/uk.js";
import { zhHans } from "./languages/zh-hans.js";
import { zhHant } from "./languages/zh-hant.js";

/** The languages, by their tag (BCP 47). */
export const LANGUAGES: Readonly<Record<string, PageTexts>> = {
  en,
  ar,
  de,
  es,
  fa,
  fr,
  he,
  it,
  ja,
  ko,
  nl,
  pl,
  pt,
  ru,
  tr,
  uk,
  "zh-Hans": zhHans,
  "zh-Hant": zhHant,
};

const RIGHT_TO_LEFT = new Set(["ar", "fa", "he"]);

/** Which way a language is written. */
export function directionOf(language: string): "ltr" | "rtl" {
  return RIGHT_TO_LEFT.has(language.split("-", 1)[0] as string) ? "rtl" : "ltr";
}
