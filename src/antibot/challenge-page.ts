import { randomBytes } from "node:crypto";
import { ANSWER_HEADERS } from "../core/responder.js";
import type { Answer } from "../core/verdict.js";
import { cookieHelpPage } from "../pages/cookie-help-page.js";
import { escapeHtml, pageHeaders, renderPage } from "../pages/page.js";
import type { PageTheme } from "../pages/theme.js";
import type { ChallengePage, Visit } from "./challenge.js";

/** Why a visitor sees a challenge again. */
export type Notice = "invalid" | "expired" | "failed";

/** The page that a challenge is shown on: one form, whatever the kind. */
export function challengePage(
  page: ChallengePage,
  token: string,
  visit: Visit,
  theme: PageTheme,
  status: number,
  notice?: Notice,
): Answer {
  const nonce = randomBytes(16).toString("base64url");
  const { texts } = visit;
  const said =
    notice === undefined
      ? ""
      : `<p role="alert" class="notice">${escapeHtml(notice === "expired" ? texts.expired : texts.failed)}</p>`;
  const body = `${said}<form method="post" action="${escapeHtml(visit.uri)}" id="bunker-form"><input type="hidden" name="state" value="${token}">${page.body}</form>`;
  const scripts = [
    ...(page.config === undefined
      ? []
      : [
          {
            source: inScript(JSON.stringify({ ...page.config, state: token })),
            type: "application/json",
            id: "bunker-config",
          },
        ]),
    ...(page.script === undefined ? [] : [{ source: page.script }]),
  ];
  const policy = { nonce, ...(page.csp === undefined ? {} : { sources: page.csp }) };
  return {
    status,
    headers: { ...ANSWER_HEADERS, ...pageHeaders(theme, policy) },
    body: renderPage(
      {
        title: page.title ?? texts.challengeTitle,
        language: visit.language,
        body,
        referenceId: visit.request.id,
        scripts,
        nonce,
      },
      theme,
    ),
  };
}

/** The page for browsers whose cookies do not come back. */
export function helpPage(visit: Visit, theme: PageTheme, retryHref: string, cookies: string[]): Answer {
  return {
    status: 403,
    headers: { ...ANSWER_HEADERS, ...pageHeaders(theme), "Set-Cookie": cookies },
    body: cookieHelpPage({ language: visit.language, theme, referenceId: visit.request.id, retryHref }),
  };
}

// JSON inside a script element: nothing in it may look like the element's end.
function inScript(json: string): string {
  return json.replace(/</g, "\\u003c");
}
