import type { Context } from "../../../engine/context.js";
import type { Visit } from "../../challenge.js";
import { Hostnames } from "./hostnames.js";
import type { RecaptchaResolved } from "./option-tables.js";
import {
  addressOf,
  codesOf,
  formCall,
  languageOf,
  originsOf,
  RIGHT,
  wrong,
  type Judgement,
  type Vendor,
  type VendorAnswer,
  type Widget,
  type WidgetState,
} from "./vendor.js";

const SCRIPT = "https://www.google.com/recaptcha/api.js";
const VERIFY = "https://www.google.com/recaptcha/api/siteverify";

/** Google's pair for tests: every token is good. */
export const RECAPTCHA_TEST_SECRETS: readonly string[] = ["6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe"];

const CONFIG_FAULTS = /\b(?:missing-input-secret|invalid-input-secret|invalid-keys)\b/;

/** reCAPTCHA: v3 with its score, and the v2 checkbox. Contract: developers.google.com/recaptcha/docs/verify. */
export function recaptcha(options: RecaptchaResolved, context: Context): Vendor {
  const hostnames = recaptchaHostnames(options, context);
  const verifyUrl = options.verifyUrl || VERIFY;
  const isTest = RECAPTCHA_TEST_SECRETS.includes(options.secret);
  return {
    name: "recaptcha",
    title: "reCAPTCHA (Google)",
    receivers: [new URL(verifyUrl).host, "www.google.com", "www.gstatic.com"],
    field: "token",
    longestToken: 8192,
    timeout: options.timeout,
    checkboxAfterLowScore: leadsToCheckbox(options),
    widget: (state, visit) => recaptchaWidget({ script: SCRIPT, api: "grecaptcha" }, options, state, visit),
    call: (token, { checkbox }, visit) =>
      formCall(verifyUrl, {
        secret: checkbox === true ? options.checkboxSecret : options.secret,
        response: token,
        remoteip: addressOf(visit),
      }),
    probe: () => formCall(verifyUrl, { secret: options.secret, response: "probe" }),
    judge(answer, state, visit) {
      const { json } = answer;
      const failed = failureOf(answer);
      if (failed !== undefined) return failed;
      // The test keys answer for a host of Google's own.
      if (isTest) return RIGHT;
      const host = hostnames.judge(json["hostname"], visit);
      if (host.outcome !== "right" || isCheckbox(options, state)) return host;
      if (json["score"] === undefined) {
        return {
          outcome: "fault",
          why: 'the answer has no score, so the key is not a v3 key; set recaptcha.version to "v2"',
        };
      }
      if (json["action"] !== options.action) return wrong("action");
      return scored(json["score"], options.score);
    },
  };
}

/** Whether a low score leads to the checkbox. */
export function leadsToCheckbox({ onLowScore, checkboxSiteKey }: RecaptchaResolved): boolean {
  return onLowScore === undefined ? checkboxSiteKey !== "" : onLowScore === "checkbox";
}

/** The host names that reCAPTCHA's tokens may have been solved on. */
export function recaptchaHostnames({ hostnames }: RecaptchaResolved, context: Context): Hostnames {
  return new Hostnames(context, hostnames, { title: "reCAPTCHA", option: "antibot.recaptcha.hostnames" });
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

/** What a score leads to; one that is no number is not one to trust. */
export function scored(score: unknown, least: number): Judgement {
  if (typeof score !== "number" || !(score >= 0 && score <= 1)) return wrong("score");
  return score >= least ? RIGHT : { outcome: "low", why: `score ${score}` };
}

function failureOf(answer: VendorAnswer): Judgement | undefined {
  if (answer.json["success"] === true) return undefined;
  const codes = codesOf(answer);
  return CONFIG_FAULTS.test(codes) ? { outcome: "fault", why: codes } : wrong(codes);
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
