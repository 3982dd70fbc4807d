import type { CompiledTheme } from "./compiled-theme.js";
import { escapeHtml, renderPage } from "./page.js";

export interface DenyPageOptions {
  readonly language: string;
  readonly theme: CompiledTheme;
  readonly referenceId: string;
  /** `true`: the site cannot check the request just now; nobody is refused. */
  readonly unavailable?: boolean;
}

const PLACEHOLDER = "000000000000";

/** The page of a refused visitor. Only its id changes: under attack it is written thousands of times a second. */
export function denyPage({ language, theme, referenceId, unavailable = false }: DenyPageOptions): string {
  const key = unavailable ? `${language} unavailable` : language;
  let page = theme.denyPages.get(key);
  if (page === undefined) theme.denyPages.set(key, (page = splitPage(language, theme, unavailable)));
  return page[0] + referenceId + page[1];
}

function splitPage(language: string, theme: CompiledTheme, unavailable: boolean): readonly [string, string] {
  const texts = theme.texts(language);
  const body = unavailable
    ? `<p>${escapeHtml(texts.unavailableMessage)}</p>`
    : `<p>${escapeHtml(texts.denyMessage)}</p><p class="soft">${escapeHtml(texts.denyHelp)}</p>`;
  const title = unavailable ? texts.unavailableTitle : texts.denyTitle;
  const html = renderPage({ title, language, body, referenceId: PLACEHOLDER }, theme);
  const at = html.lastIndexOf(PLACEHOLDER);
  return [html.slice(0, at), html.slice(at + PLACEHOLDER.length)];
}

/** The page for a browser without cookies: why they are needed, and a link to try again at `retryHref`, a path of our own. */
export function cookieHelpPage(
  options: Omit<DenyPageOptions, "unavailable"> & { retryHref: string },
): string {
  const { language, theme, referenceId, retryHref } = options;
  const texts = theme.texts(language);
  const body =
    `<p>${escapeHtml(texts.cookiesMessage)}</p><p class="soft">${escapeHtml(texts.cookiesHelp)}</p>` +
    `<p><a class="button" href="${escapeHtml(retryHref)}">${escapeHtml(texts.tryAgain)}</a></p>`;
  return renderPage({ title: texts.cookiesTitle, language, body, referenceId }, theme);
}
