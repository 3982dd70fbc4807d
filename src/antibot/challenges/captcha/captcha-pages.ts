import { escapeHtml } from "../../../pages/page.js";
import type { ChallengePage, Issued, Visit } from "../../challenge.js";
import { javascriptChallenge, type WorkState } from "../javascript.js";
import { HEIGHT, widthFor } from "./draw-captcha.js";
import type { Alternative, CaptchaResolved, Presentation } from "./options.js";

// All of these work as plain forms. The Enter key presses the first submit button.

/** A picture to read. */
export function imagePage(
  file: string,
  { length, alternatives }: CaptchaResolved,
  { texts }: Visit,
): ChallengePage {
  const other = alternatives.includes("audio") ? "audio" : alternatives[0];
  return {
    body:
      `<p><img class="captcha" src="${escapeHtml(file)}" width="${widthFor(length)}" height="${HEIGHT}" alt="${escapeHtml(texts.captchaImage)}"></p>` +
      field(texts.captchaLabel, "text", length) +
      `<p><button>${escapeHtml(texts.submit)}</button></p><p class="choices">${want("image", texts.captchaNew)} ` +
      `${other === undefined ? "" : want(other, texts.captchaHard)}</p>`,
  };
}

/** Digits to listen to. */
export function soundPage(
  file: string,
  alternatives: readonly Alternative[],
  { texts }: Visit,
): ChallengePage {
  return {
    body:
      `<p><audio controls preload="auto" src="${escapeHtml(file)}" aria-label="${escapeHtml(texts.audioPlay)}"></audio></p>` +
      field(texts.audioLabel, "numeric", 6) +
      `<p><button>${escapeHtml(texts.submit)}</button></p><p class="choices">${want("audio", texts.audioNew)} ${want("image", texts.captchaImage)} ` +
      `${alternatives.includes("javascript") ? want("javascript", texts.captchaWork) : ""}</p>`,
    csp: { "media-src": ["'self'"] },
  };
}

/** A proof of work instead; without JavaScript there is a way back to the picture. */
export async function workPage(issued: Issued<WorkState>, visit: Visit): Promise<ChallengePage> {
  const page = await javascriptChallenge.page(issued, visit);
  return {
    ...page,
    body: `${page.body}<noscript><p>${want("image", visit.texts.captchaImage)}</p></noscript>`,
  };
}

/** Nothing for now: this client reached its limit. */
export function waitPage({ texts }: Visit): ChallengePage {
  return {
    body: `<p role="alert">${escapeHtml(texts.unreachable)}</p><p>${want("image", texts.tryAgain)}</p>`,
  };
}

function field(label: string, inputMode: "text" | "numeric", length: number): string {
  return (
    `<p><label for="bunker-answer">${escapeHtml(label)}</label><input type="text" id="bunker-answer" name="captcha" required ` +
    `inputmode="${inputMode}" maxlength="${length * 3}" autocomplete="off" autocapitalize="off" autocorrect="off" spellcheck="false"></p>`
  );
}

// Submits the form without its required answer.
function want(presentation: Presentation, label: string): string {
  return `<button name="want" value="${presentation}" class="plain" formnovalidate>${escapeHtml(label)}</button>`;
}
