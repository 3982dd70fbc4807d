import { escapeHtml } from "../../../pages/page.js";
import { providerScript } from "../../browser-scripts.generated.js";
import type { ChallengePage, Visit } from "../../challenge.js";
import { noscriptNotice } from "../../challenge-page.js";
import { statusParts } from "../status-parts.js";
import type { Provider, Widget } from "./provider.js";

/** The page of a provider's challenge: its widget, whose token the script posts. */
export function widgetPage(
  provider: Provider,
  widget: Widget,
  { frame, pause }: { readonly frame: string; readonly pause: true | undefined },
  visit: Visit,
): ChallengePage {
  const { texts } = visit;
  const shown =
    widget.mode === "frame"
      ? `<iframe id="bunker-widget" title="${escapeHtml(texts.providerFrame)}" src="${escapeHtml(frame)}" width="304" height="80"></iframe>`
      : `<div id="bunker-widget"></div>`;
  return {
    body:
      `<p class="soft">${escapeHtml(texts.challengeMessage)}</p>` +
      `<input type="hidden" id="bunker-token" name="${provider.field}">${shown}` +
      statusParts(visit) +
      noscriptNotice({ ...visit, noscript: undefined }),
    script: providerScript,
    config: {
      mode: widget.mode,
      frame: visit.frame,
      pause,
      script: widget.script,
      api: widget.api,
      parameters: widget.parameters,
      texts: { working: texts.working, done: texts.done, slow: texts.slow, failed: texts.unreachable },
    },
    csp: widget.csp,
  };
}
