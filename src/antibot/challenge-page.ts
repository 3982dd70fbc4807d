import { randomBytes } from "node:crypto";
import { REPLY_HEADERS } from "../engine/responder.js";
import type { Reply } from "../request/verdict.js";
import { cookieHelpPage } from "../pages/deny-page.js";
import { escapeHtml, pageHeaders, renderPage, type PageParts, type PagePolicy } from "../pages/page.js";
import type { CompiledTheme } from "../pages/compiled-theme.js";
import type { ChallengePage, Visit } from "./challenge.js";
import type { KeptForm } from "./kept-form.js";

export type Notice = "invalid" | "expired" | "failed";

export interface PageContext {
  readonly visit: Visit;
  readonly theme: CompiledTheme;
  readonly cookies: readonly string[];
}

/** The page that shows a challenge: one form, whatever the kind. `form` is the sealed form that waits. */
export function challengePage(
  page: ChallengePage,
  context: PageContext,
  around: { token: string; form: string | undefined; status: number; notice: Notice | undefined } & Pick<
    PagePolicy,
    "frameAncestors"
  >,
): Reply {
  const { token, form, status, notice, frameAncestors } = around;
  const { texts, action } = context.visit;
  const alert =
    notice === undefined
      ? ""
      : `<p role="alert" class="notice">${escapeHtml(notice === "expired" ? texts.expired : texts.failed)}</p>`;
  const kept = form === undefined ? "" : hidden("form", form);
  const body = `${alert}<form method="post" action="${escapeHtml(action)}" id="bunker-form">${hidden("state", token)}${kept}${page.body}</form>`;
  const scripts: Script[] = [];
  if (page.config !== undefined)
    scripts.push({
      source: inScript({ ...page.config, state: token, ...(form === undefined ? {} : { form }) }),
      type: "application/json",
      id: "bunker-config",
    });
  if (page.script !== undefined) scripts.push({ source: page.script });
  const sources = page.csp === undefined ? {} : { sources: page.csp };
  const policy: PagePolicy = { kind: "form", frameAncestors, ...sources };
  return pageReply(context, { title: page.title, body, status, scripts, policy });
}

/** The page for browsers whose cookies do not come back. */
export function helpPage({ visit, theme, cookies }: PageContext, retryHref: string): Reply {
  return {
    status: 403,
    headers: { ...REPLY_HEADERS, ...pageHeaders(theme), "Set-Cookie": [...cookies] },
    body: cookieHelpPage({ language: visit.language, theme, referenceId: visit.request.id, retryHref }),
  };
}

/** The page that posts a kept form again, now that its sender has a pass. */
export function repostPage(context: PageContext, form: KeptForm): Reply {
  // Not hidden inputs: browsers replace the value of one called "_charset_".
  const fields = form.fields
    .map(([name, value]) => `<textarea hidden name="${escapeHtml(name)}">\n${escapeHtml(value)}</textarea>`)
    .join("");
  const body = `<form method="post" action="${escapeHtml(form.url)}" id="bunker-form">${fields}<p><button>${escapeHtml(context.visit.texts.submit)}</button></p></form>`;
  const source = `HTMLFormElement.prototype.submit.call(document.getElementById("bunker-form"))`;
  return pageReply(context, { body, status: 200, scripts: [{ source }] });
}

/** The page after a challenge that was solved in the dialog of the fetch helper: it notifies the page that opened it. */
export function framedPage(context: PageContext): Reply {
  const body = `<p role="status">${escapeHtml(context.visit.texts.done)}</p>`;
  const source = `parent.postMessage({type:"express-bunker:solved"},location.origin)`;
  return pageReply(context, {
    body,
    status: 200,
    scripts: [{ source }],
    policy: { frameAncestors: "'self'" },
  });
}

/** The page inside another site's frame, where cookies are not kept: a link that opens a tab. */
export function openTabPage(context: PageContext, url: string): Reply {
  const { framed, openTab } = context.visit.texts;
  const body = `<p>${escapeHtml(framed)}</p><p><a class="button" target="_blank" rel="noopener" href="${escapeHtml(url)}">${escapeHtml(openTab)}</a></p>`;
  return pageReply(context, { body, status: 403, policy: { frameAncestors: "*" } });
}

/** The page for a form that could not be kept: what to do. */
export function unkeptPage(context: PageContext, location: string, status: number): Reply {
  const { formTooLarge, submit } = context.visit.texts;
  const body = `<p>${escapeHtml(formTooLarge)}</p><p><a class="button" href="${escapeHtml(location)}">${escapeHtml(submit)}</a></p>`;
  return pageReply(context, { body, status });
}

type Script = NonNullable<PageParts["scripts"]>[number];

interface Page {
  /** Default: the language's own "one moment". */
  readonly title?: string | undefined;
  readonly body: string;
  readonly status: number;
  readonly scripts?: readonly Script[];
  readonly policy?: PagePolicy;
}

function pageReply({ visit, theme, cookies }: PageContext, page: Page): Reply {
  const { body, status, scripts = [], policy = {} } = page;
  const nonce = scripts.length === 0 ? {} : { nonce: randomBytes(16).toString("base64url") };
  const parts = {
    title: page.title ?? visit.texts.challengeTitle,
    language: visit.language,
    body,
    referenceId: visit.request.id,
    scripts,
    kind: policy.kind ?? "plain",
    ...nonce,
  };
  return {
    status,
    headers: {
      ...REPLY_HEADERS,
      ...pageHeaders(theme, { ...policy, ...nonce }),
      ...(cookies.length > 0 ? { "Set-Cookie": [...cookies] } : {}),
    },
    body: renderPage(parts, theme),
  };
}

function hidden(name: string, value: string): string {
  return `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`;
}

// JSON inside a script element must not contain anything that looks like the element's end.
function inScript(value: unknown): string {
  return JSON.stringify(value).replace(/</g, "\\u003c");
}

/** The notice for browsers without JavaScript on a challenge that needs it, with a link to another challenge if there is one. */
export function noscriptNotice({ texts, noscript }: Visit): string {
  const link =
    noscript === undefined
      ? ""
      : `<p><a class="button" href="${escapeHtml(noscript)}">${escapeHtml(texts.captchaLabel)}</a></p>`;
  return `<noscript><p role="alert" class="notice">${escapeHtml(texts.noscript)}</p>${link}</noscript>`;
}
