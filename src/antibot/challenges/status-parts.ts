import { escapeHtml } from "../../pages/page.js";
import type { Visit } from "../challenge.js";
import { safePath } from "../destination.js";

/** What our page scripts show while they work: their status, a way out, and a link out of another site's frame. */
export function statusParts({ texts, request }: Visit): string {
  const here = escapeHtml(safePath(request.url));
  return (
    `<p id="bunker-status" role="status" aria-live="polite"></p>` +
    `<p id="bunker-wayout" hidden><button id="bunker-retry" type="button">${escapeHtml(texts.tryAgain)}</button></p>` +
    `<p id="bunker-opentab" hidden>${escapeHtml(texts.framed)} <a class="button" target="_blank" rel="noopener" href="${here}">${escapeHtml(texts.openTab)}</a></p>`
  );
}
