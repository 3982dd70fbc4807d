import type { Check } from "../options/check.js";
import { group } from "../options/table.js";
import { en, type PageTexts } from "./languages/en.js";
import { compileStyle, type PageKind, type Style } from "./style.js";
import { LANGUAGES } from "./texts.js";
import { themeTable, type PageTheme } from "./theme.js";

/** A theme made ready for rendering. Texts, styles and deny pages are each made when they are first needed, and kept. */
export class CompiledTheme {
  /** What stands before and after the reference id of a deny page, by the page's key (see `denyPage`). */
  readonly denyPages = new Map<string, readonly [string, string]>();
  private readonly merged = new Map<string, PageTexts>();
  private readonly styles: Partial<Record<PageKind, Style>> = {};

  constructor(readonly options: PageTheme) {}

  /** The texts of a language, with the theme's own in place of ours: first those of all languages (`*`), then its own. */
  texts(language: string): PageTexts {
    const ours = LANGUAGES[language] ?? en;
    const { texts } = this.options;
    if (texts === undefined) return ours;
    let merged = this.merged.get(language);
    if (merged === undefined)
      this.merged.set(language, (merged = { ...ours, ...texts["*"], ...texts[language] }));
    return merged;
  }

  /** The style element of a page, and its hash: a page needs no nonce for it. */
  style(kind: PageKind): Style {
    return (this.styles[kind] ??= compileStyle(this.options, kind));
  }
}

const themeGroup = group(themeTable);

/** The check of the `theme` option. */
export const themeCheck: Check<CompiledTheme> = {
  ...themeGroup,
  read(value, path, report) {
    const theme = themeGroup.read(value, path, report);
    return theme && new CompiledTheme(theme);
  },
};
