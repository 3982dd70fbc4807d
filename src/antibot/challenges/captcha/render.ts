import { drawCaptcha } from "./draw-captcha.js";
import { speakDigits } from "./speak-digits.js";

/** What is to be made: a picture of `text`, or `text` spoken in a language. The same order always gives the same bytes. */
export interface RenderJob {
  readonly seed: string;
  readonly text: string;
  /** Given: a sound in that language; else a picture. */
  readonly language?: string;
}

/** Makes it, here and now: about 3 ms. */
export function render({ seed, text, language }: RenderJob): Buffer {
  return language === undefined ? drawCaptcha(text, seed) : speakDigits(text, seed, language);
}
