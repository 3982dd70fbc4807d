import { text, type Check, type ReportProblem } from "../options/check.js";
import { nearestName, type OptionsTable } from "../options/table.js";
import { en, type PageTexts } from "./languages/en.js";
import { LANGUAGES } from "./texts.js";

/** How our pages look and what they say. Colours are CSS colours. */
export interface PageTheme {
  /** Buttons, links and the progress bar. Default `#1f6f5c`; a lighter one in dark mode. */
  accent?: string;
  /** The same in dark mode. Default `#63c7ae`. */
  accentDark?: string;
  /** An image for the top of the page: a `data:` URI or a path of your own site. Default: a small shield. */
  logo?: string;
  /** Your site's name, shown above the title. */
  siteName?: string;
  /** More CSS, put after ours. */
  css?: string;
  /** Texts in place of ours, by language tag; `*` = every language. */
  texts?: Readonly<Record<string, Partial<PageTexts>>>;
}

// What goes into a style sheet must not be able to end it.
const colour = text("a CSS colour", /^[#\w(),.%/ -]{1,64}$/);
const logo = text(
  "a data:image/… URI or a path of your own site",
  /^(?:data:image\/[\w.+-]+[;,][\x21\x23-\x26\x28-\x3b\x3d\x3f-\x7e]+|\/(?!\/)[\w./~%?&=-]*)$/,
);

const textsCheck: Check<NonNullable<PageTheme["texts"]>> = {
  allowed: "an object of language tags (or * for all), each an object of texts",
  parse: (value) => value,
  read(value, path, report) {
    if (!isRecord(value)) {
      report({ path, value, allowed: this.allowed });
      return undefined;
    }
    for (const [language, texts] of Object.entries(value)) {
      const at = `${path}.${language}`;
      if (language !== "*" && !Object.hasOwn(LANGUAGES, language)) {
        const allowed = `* or one of ${Object.keys(LANGUAGES).join(", ")}`;
        report({ path: at, value: language, allowed });
      }
      if (isRecord(texts)) checkTexts(texts, at, report);
      else report({ path: at, value: texts, allowed: "an object of texts" });
    }
    return value as NonNullable<PageTheme["texts"]>;
  },
};

function checkTexts(texts: Record<string, unknown>, path: string, report: ReportProblem): void {
  const names = Object.keys(en);
  for (const [name, value] of Object.entries(texts)) {
    const at = `${path}.${name}`;
    if (!names.includes(name))
      report({ path: at, value, allowed: `one of ${names.join(", ")}`, nearest: nearestName(name, names) });
    else if (typeof value !== "string") report({ path: at, value, allowed: "a text" });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The options of `theme`. */
export const themeTable: OptionsTable<PageTheme> = {
  accent: { check: colour, default: undefined, help: "The colour of buttons, links and the progress bar." },
  accentDark: { check: colour, default: undefined, help: "The same colour in dark mode." },
  logo: { check: logo, default: undefined, help: "The image at the top of the page." },
  siteName: {
    check: text("a text of at most 100 characters", /^[^]{1,100}$/),
    default: undefined,
    help: "The name of the site, shown above the title.",
  },
  css: {
    check: text("CSS without </style", /^(?![^]*<\/style)[^]*$/i),
    default: undefined,
    help: "CSS that is added after the built-in style sheet.",
  },
  texts: {
    check: textsCheck,
    default: undefined,
    help: "Texts that replace the built-in ones, by language.",
  },
};
