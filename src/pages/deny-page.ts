import { escapeHtml, renderPage } from "./page.js";
import { textsFor } from "./texts.js";
import type { PageTheme } from "./theme.js";

/** What {@link denyPage} shows. */
export interface DenyPageOptions {
  readonly language: string;
  readonly theme: PageTheme;
  readonly referenceId: string;
  /** `true`: it is we who cannot answer, not the visitor who is refused. */
  readonly unavailable?: boolean;
}

// A page whose only changing part is the id: under attack it is written thousands of times a second.
const halves = new WeakMap<PageTheme, Map<string, readonly [string, string]>>();
const PLACE = "000000000000";

/** The page of a refused visitor. */
export function denyPage({ language, theme, referenceId, unavailable = false }: DenyPageOptions): string {
  let known = halves.get(theme);
  if (known === undefined) halves.set(theme, (known = new Map<string, readonly [string, string]>()));
  const key = unavailable ? `${language} unavailable` : language;
  let page = known.get(key);
  if (page === undefined) known.set(key, (page = halvesFor(language, theme, unavailable)));
  return page[0] + referenceId + page[1];
}

function halvesFor(language: string, theme: PageTheme, unavailable: boolean): readonly [string, string] {
  const texts = textsFor(language, theme);
  const body = unavailable
    ? `<p>${escapeHtml(texts.unavailableMessage)}</p>`
    : `<p>${escapeHtml(texts.denyMessage)}</p><p class="soft">${escapeHtml(texts.denyHelp)}</p>`;
  const title = unavailable ? texts.unavailableTitle : texts.denyTitle;
  const html = renderPage({ title, language, body, referenceId: PLACE }, theme);
  const at = html.lastIndexOf(PLACE);
  return [html.slice(0, at), html.slice(at + PLACE.length)];
}
