import { randomBytes } from "node:crypto";
import { REPLY_HEADERS } from "../engine/responder.js";
import type { Reply } from "../request/verdict.js";
import { cookieHelpPage } from "../pages/cookie-help-page.js";
import { escapeHtml, pageHeaders, renderPage, type PagePolicy } from "../pages/page.js";
import type { CompiledTheme } from "../pages/compiled-theme.js";
import type { ChallengePage, Visit } from "./challenge.js";
import type { KeptForm } from "./kept-form.js";

/** Why a visitor sees a challenge again. */
export type Notice = "invalid" | "expired" | "failed";

/** What goes into the page of a challenge besides the kind's own part. */
export interface ChallengeFrame {
  readonly token: string;
  /** A sealed form that waits. */
  readonly form: string | undefined;
  readonly visit: Visit;
  readonly theme: CompiledTheme;
  readonly status: number;
  readonly notice: Notice | undefined;
  readonly cookies: readonly string[];
  readonly frameAncestors: NonNullable<PagePolicy["frameAncestors"]>;
}

/** The page that a challenge is shown on: one form, whatever the kind. */
export function challengePage(
  page: ChallengePage,
  { token, form, visit, theme, status, notice, cookies, frameAncestors }: ChallengeFrame,
): Reply {
  const { texts } = visit;
  const said =
    notice === undefined
      ? ""
      : `<p role="alert" class="notice">${escapeHtml(notice === "expired" ? texts.expired : texts.failed)}</p>`;
  const kept = form === undefined ? "" : hidden("form", form);
  const body = `${said}<form method="post" action="${escapeHtml(visit.action)}" id="bunker-form">${hidden("state", token)}${kept}${page.body}</form>`;
  const scripts: Script[] = [];
  if (page.config !== undefined)
    scripts.push({
      source: inScript({ ...page.config, state: token, ...(form === undefined ? {} : { form }) }),
      type: "application/json",
      id: "bunker-config",
    });
  if (page.script !== undefined) scripts.push({ source: page.script });
  return whole({
    visit,
    theme,
    title: page.title ?? texts.challengeTitle,
    body,
    status,
    cookies,
    scripts,
    policy: { kind: "form", frameAncestors, ...(page.csp === undefined ? {} : { sources: page.csp }) },
  });
}

/** The page for browsers whose cookies do not come back. */
export function helpPage(
  visit: Visit,
  theme: CompiledTheme,
  retryHref: string,
  cookies: readonly string[],
): Reply {
  return {
    status: 403,
    headers: { ...REPLY_HEADERS, ...pageHeaders(theme), "Set-Cookie": [...cookies] },
    body: cookieHelpPage({ language: visit.language, theme, referenceId: visit.request.id, retryHref }),
  };
}

/** The page that posts a kept form again, now that its sender has a pass. */
export function repostPage(
  form: KeptForm,
  visit: Visit,
  theme: CompiledTheme,
  cookies: readonly string[],
): Reply {
  // A hidden input would do but for one called "_charset_", whose value browsers replace.
  const fields = form.fields
    .map(([name, value]) => `<textarea hidden name="${escapeHtml(name)}">\n${escapeHtml(value)}</textarea>`)
    .join("");
  const body = `<form method="post" action="${escapeHtml(form.url)}" id="bunker-form">${fields}<p><button>${escapeHtml(visit.texts.submit)}</button></p></form>`;
  const scripts = [
    { source: `HTMLFormElement.prototype.submit.call(document.getElementById("bunker-form"))` },
  ];
  return whole({ visit, theme, title: visit.texts.challengeTitle, body, status: 200, cookies, scripts });
}

/** What a solved challenge leaves in the dialog of the fetch helper: word to the page that opened it. */
export function framedPage(visit: Visit, theme: CompiledTheme, cookies: readonly string[]): Reply {
  const body = `<p role="status">${escapeHtml(visit.texts.done)}</p>`;
  const scripts = [{ source: `parent.postMessage({type:"express-bunker:solved"},location.origin)` }];
  return whole({
    visit,
    theme,
    title: visit.texts.challengeTitle,
    body,
    status: 200,
    cookies,
    scripts,
    policy: { frameAncestors: "'self'" },
  });
}

/** The page inside another site's frame, where cookies are not kept: a way out of the frame (R34). */
export function openTabPage(visit: Visit, theme: CompiledTheme, url: string): Reply {
  const { texts } = visit;
  const body = `<p>${escapeHtml(texts.framed)}</p><p><a class="button" target="_blank" rel="noopener" href="${escapeHtml(url)}">${escapeHtml(texts.openTab)}</a></p>`;
  return whole({
    visit,
    theme,
    title: texts.challengeTitle,
    body,
    status: 403,
    policy: { frameAncestors: "*" },
  });
}

/** The page for a form that could not be kept: what to do. */
export function unkeptPage(
  visit: Visit,
  theme: CompiledTheme,
  location: string,
  cookies: readonly string[],
): Reply {
  const { texts } = visit;
  const body = `<p>${escapeHtml(texts.formTooLarge)}</p><p><a class="button" href="${escapeHtml(location)}">${escapeHtml(texts.submit)}</a></p>`;
  return whole({ visit, theme, title: texts.challengeTitle, body, status: 403, cookies });
}

interface Script {
  readonly source: string;
  readonly type?: string;
  readonly id?: string;
}

interface Whole {
  readonly visit: Visit;
  readonly theme: CompiledTheme;
  readonly title: string;
  readonly body: string;
  readonly status: number;
  readonly cookies?: readonly string[];
  readonly scripts?: readonly Script[];
  readonly policy?: PagePolicy;
}

function whole({ visit, theme, title, body, status, cookies = [], scripts = [], policy = {} }: Whole): Reply {
  const nonce = scripts.length === 0 ? undefined : randomBytes(16).toString("base64url");
  const parts = {
    title,
    language: visit.language,
    body,
    referenceId: visit.request.id,
    scripts,
    kind: policy.kind ?? "plain",
  };
  return {
    status,
    headers: {
      ...REPLY_HEADERS,
      ...pageHeaders(theme, nonce === undefined ? policy : { ...policy, nonce }),
      ...(cookies.length > 0 ? { "Set-Cookie": [...cookies] } : {}),
    },
    body: renderPage(nonce === undefined ? parts : { ...parts, nonce }, theme),
  };
}

function hidden(name: string, value: string): string {
  return `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`;
}

// JSON inside a script element: nothing in it may look like the element's end.
function inScript(value: unknown): string {
  return JSON.stringify(value).replace(/</g, "\\u003c");
}

/** What a page of a challenge that needs JavaScript says without it, and where it leads. */
export function noscriptNotice({ texts, noscript }: Visit): string {
  const way =
    noscript === undefined
      ? ""
      : `<p><a class="button" href="${escapeHtml(noscript)}">${escapeHtml(texts.captchaLabel)}</a></p>`;
  return `<noscript><p role="alert" class="notice">${escapeHtml(texts.noscript)}</p>${way}</noscript>`;
}
