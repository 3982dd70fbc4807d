import { safePath } from "../../destination.js";
import { noscriptNotice } from "../../challenge-page.js";
import { escapeHtml } from "../../../pages/page.js";
import { providerScript } from "../../browser-scripts.generated.js";
import type { ChallengePage, Visit } from "../../challenge.js";
import type { Vendor, Widget } from "./vendor.js";

/** The page of a provider's challenge: its widget, and a form that sends the token by itself. */
export function widgetPage(
  vendor: Vendor,
  widget: Widget,
  { frame, pause }: { readonly frame: string; readonly pause: boolean },
  visit: Visit,
): ChallengePage {
  const { texts } = visit;
  const shown =
    widget.mode === "frame"
      ? `<iframe id="bunker-widget" title="${escapeHtml(texts.providerFrame)}" src="${escapeHtml(frame)}" width="304" height="80"></iframe>`
      : `<div id="bunker-widget"></div>`;
  const here = escapeHtml(safePath(visit.request.url));
  return {
    body:
      `<p class="soft">${escapeHtml(texts.challengeMessage)}</p>` +
      `<input type="hidden" id="bunker-token" name="${vendor.field}">${shown}` +
      `<p id="bunker-status" role="status" aria-live="polite"></p>` +
      `<p id="bunker-wayout" hidden><button id="bunker-retry" type="button">${escapeHtml(texts.tryAgain)}</button></p>` +
      `<p id="bunker-opentab" hidden>${escapeHtml(texts.framed)} <a class="button" target="_blank" rel="noopener" href="${here}">${escapeHtml(texts.openTab)}</a></p>` +
      noscriptNotice({ ...visit, noscript: undefined }),
    script: providerScript,
    config: {
      mode: widget.mode,
      frame: visit.frame,
      ...(pause ? { pause } : {}),
      ...(widget.script === undefined ? {} : { script: widget.script }),
      ...(widget.api === undefined ? {} : { api: widget.api }),
      ...(widget.parameters === undefined ? {} : { parameters: widget.parameters }),
      texts: { working: texts.working, done: texts.done, slow: texts.slow, failed: texts.unreachable },
    },
    csp: widget.csp,
  };
}
