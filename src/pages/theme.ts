import { check, text } from "../core/options/check.js";
import type { OptionsTable } from "../core/options/table.js";
import type { PageTexts } from "./texts.js";

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

const textsCheck = check<NonNullable<PageTheme["texts"]>>(
  "an object of languages (or *), each an object of texts",
  (value) =>
    isRecord(value) &&
    Object.values(value).every(
      (texts) => isRecord(texts) && Object.values(texts).every((one) => typeof one === "string"),
    )
      ? (value as NonNullable<PageTheme["texts"]>)
      : undefined,
);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The options of `theme`. */
export const themeTable: OptionsTable<PageTheme> = {
  accent: { check: colour, default: undefined, help: "The colour of buttons, links and the progress bar." },
  accentDark: { check: colour, default: undefined, help: "The same in dark mode." },
  logo: { check: logo, default: undefined, help: "An image for the top of the page." },
  siteName: {
    check: text("a text of at most 100 characters", /^[^]{1,100}$/),
    default: undefined,
    help: "The site's name.",
  },
  css: {
    check: text("CSS without </style", /^(?![^]*<\/style)[^]*$/i),
    default: undefined,
    help: "More CSS, put after ours.",
  },
  texts: { check: textsCheck, default: undefined, help: "Texts in place of ours." },
};
