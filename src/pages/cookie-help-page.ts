import type { CompiledTheme } from "./compiled-theme.js";
import { escapeHtml, renderPage } from "./page.js";

/** What {@link cookieHelpPage} shows. */
export interface CookieHelpOptions {
  readonly language: string;
  readonly theme: CompiledTheme;
  readonly referenceId: string;
  /** Where "Try again" leads: a path of our own. */
  readonly retryHref: string;
}

/** The page for a browser without cookies: why they are needed, and a link to try again. */
export function cookieHelpPage({ language, theme, referenceId, retryHref }: CookieHelpOptions): string {
  const texts = theme.texts(language);
  const body =
    `<p>${escapeHtml(texts.cookiesMessage)}</p><p class="soft">${escapeHtml(texts.cookiesHelp)}</p>` +
    `<p><a class="button" href="${escapeHtml(retryHref)}">${escapeHtml(texts.tryAgain)}</a></p>`;
  return renderPage({ title: texts.cookiesTitle, language, body, referenceId }, theme);
}
