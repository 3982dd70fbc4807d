import type { Context } from "../../../engine/context.js";
import type { Visit } from "../../challenge.js";
import { Hostnames } from "./hostnames.js";
import type { RecaptchaResolved } from "./options.js";
import {
  addressOf,
  failureOf,
  formRequest,
  languageOf,
  originsOf,
  RIGHT,
  wrong,
  type TokenResult,
  type Provider,
  type Widget,
  type WidgetState,
} from "./provider.js";

const SCRIPT = "https://www.google.com/recaptcha/api.js";
const VERIFY = "https://www.google.com/recaptcha/api/siteverify";

/** Google's secret for tests, with which every token is right. */
export const RECAPTCHA_TEST_SECRETS: readonly string[] = ["6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe"];

/** reCAPTCHA: v3 with its score, and the v2 checkbox. Contract: developers.google.com/recaptcha/docs/verify. */
export function recaptcha(options: RecaptchaResolved, context: Context): Provider {
  const hostnames = recaptchaHostnames(options, context);
  const verifyUrl = options.verifyUrl || VERIFY;
  const isTest = RECAPTCHA_TEST_SECRETS.includes(options.secret);
  return {
    name: "recaptcha",
    title: "reCAPTCHA (Google)",
    recipients: [new URL(verifyUrl).host, "www.google.com", "www.gstatic.com"],
    field: "token",
    maxTokenLength: 8192,
    timeout: options.timeout,
    checkboxAfterLowScore: leadsToCheckbox(options),
    widget: (state, visit) => recaptchaWidget({ script: SCRIPT, api: "grecaptcha" }, options, state, visit),
    checkRequest: (token, { checkbox }, visit) =>
      formRequest(verifyUrl, {
        secret: checkbox === true ? options.checkboxSecret : options.secret,
        response: token,
        remoteip: addressOf(visit),
      }),
    probeRequest: () => formRequest(verifyUrl, { secret: options.secret, response: "probe" }),
    interpret(response, state, visit) {
      const { json } = response;
      const failure = failureOf(response);
      if (failure !== undefined) return failure;
      // The test keys report a host of Google's own.
      if (isTest) return RIGHT;
      const host = hostnames.check(json["hostname"], visit);
      if (host.outcome !== "right" || isCheckbox(options, state)) return host;
      if (json["score"] === undefined) {
        return {
          outcome: "fault",
          reason: 'the response has no score, so the key is not a v3 key; set recaptcha.version to "v2"',
        };
      }
      if (json["action"] !== options.action) return wrong("action");
      return scored(json["score"], options.score);
    },
  };
}

/** Whether the checkbox follows a low score. */
export function leadsToCheckbox({ onLowScore, checkboxSiteKey }: RecaptchaResolved): boolean {
  return onLowScore === undefined ? checkboxSiteKey !== "" : onLowScore === "checkbox";
}

/** The host names that reCAPTCHA's tokens may have been solved on. */
export function recaptchaHostnames({ hostnames }: RecaptchaResolved, context: Context): Hostnames {
  return new Hostnames(context, "recaptcha", "reCAPTCHA", hostnames);
}

/** Whether a challenge shows the checkbox instead of drawing a score from how the visitor behaves. */
export function isCheckbox({ version }: RecaptchaResolved, { checkbox }: WidgetState): boolean {
  return checkbox === true || version === "v2";
}

/** The checkbox that visitors click, or the background check. */
export function recaptchaWidget(
  { script, api }: { readonly script: string; readonly api: string },
  options: RecaptchaResolved,
  state: WidgetState,
  visit: Visit,
): Widget {
  const hl = languageOf(visit);
  const source = (query: Record<string, string>): string =>
    `${options.scriptUrl || script}?${new URLSearchParams(query).toString()}`;
  if (isCheckbox(options, state)) {
    return {
      mode: "render",
      script: source({ render: "explicit", onload: "bunkerReady", hl }),
      api,
      parameters: { sitekey: state.checkbox === true ? options.checkboxSiteKey : options.siteKey },
      csp: sources(options),
    };
  }
  return {
    mode: "score",
    script: source({ render: options.siteKey, hl }),
    api,
    parameters: { sitekey: options.siteKey, action: options.action },
    csp: sources(options),
  };
}

/** The result for a score; anything but a number from 0 to 1 is wrong. */
export function scored(score: unknown, min: number): TokenResult {
  if (typeof score !== "number" || !(score >= 0 && score <= 1)) return wrong("score");
  return score >= min ? RIGHT : { outcome: "low", reason: `score ${score}` };
}

function sources({ scriptUrl, frameUrl }: RecaptchaResolved): Record<string, string[]> {
  const own = originsOf(scriptUrl, frameUrl);
  const frames = ["https://www.google.com/recaptcha/", "https://recaptcha.google.com/recaptcha/", ...own];
  return {
    "script-src": ["https://www.google.com/recaptcha/", "https://www.gstatic.com/recaptcha/", ...own],
    "frame-src": frames,
    "connect-src": frames,
  };
}
