/* eslint-disable @typescript-eslint/no-require-imports -- each language is loaded when it is first shown */
import { en, type PageTexts } from "./languages/en.js";

type Module<Name extends string> = Readonly<Record<Name, PageTexts>>;

/** The languages, by their tag (BCP 47). */
export const LANGUAGES: Readonly<Record<string, PageTexts>> = {
  en,
  get ar() {
    return (require("./languages/ar.js") as Module<"ar">).ar;
  },
  get de() {
    return (require("./languages/de.js") as Module<"de">).de;
  },
  get es() {
    return (require("./languages/es.js") as Module<"es">).es;
  },
  get fa() {
    return (require("./languages/fa.js") as Module<"fa">).fa;
  },
  get fr() {
    return (require("./languages/fr.js") as Module<"fr">).fr;
  },
  get he() {
    return (require("./languages/he.js") as Module<"he">).he;
  },
  get it() {
    return (require("./languages/it.js") as Module<"it">).it;
  },
  get ja() {
    return (require("./languages/ja.js") as Module<"ja">).ja;
  },
  get ko() {
    return (require("./languages/ko.js") as Module<"ko">).ko;
  },
  get nl() {
    return (require("./languages/nl.js") as Module<"nl">).nl;
  },
  get pl() {
    return (require("./languages/pl.js") as Module<"pl">).pl;
  },
  get pt() {
    return (require("./languages/pt.js") as Module<"pt">).pt;
  },
  get ru() {
    return (require("./languages/ru.js") as Module<"ru">).ru;
  },
  get tr() {
    return (require("./languages/tr.js") as Module<"tr">).tr;
  },
  get uk() {
    return (require("./languages/uk.js") as Module<"uk">).uk;
  },
  get "zh-Hans"() {
    return (require("./languages/zh-hans.js") as Module<"zhHans">).zhHans;
  },
  get "zh-Hant"() {
    return (require("./languages/zh-hant.js") as Module<"zhHant">).zhHant;
  },
};

const RIGHT_TO_LEFT = new Set(["ar", "fa", "he"]);

/** Which way a language is written. */
export function directionOf(language: string): "ltr" | "rtl" {
  return RIGHT_TO_LEFT.has(language.split("-", 1)[0] as string) ? "rtl" : "ltr";
}
