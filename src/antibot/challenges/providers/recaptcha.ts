import type { Context } from "../../../engine/context.js";
import type { Visit } from "../../challenge.js";
import { Hostnames } from "./hostnames.js";
import type { RecaptchaResolved } from "./options.js";
import { enterpriseRecaptcha } from "./recaptcha-enterprise.js";
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

/** reCAPTCHA: v3 with its score, the v2 checkbox, and Enterprise. Contract: developers.google.com/recaptcha/docs/verify. */
export function recaptcha(options: RecaptchaResolved, context: Context): Vendor {
  const hostnames = new Hostnames(context, options.hostnames, {
    title: "reCAPTCHA",
    option: "antibot.recaptcha.hostnames",
  });
  if (!options.classic) return enterpriseRecaptcha(options, hostnames);
  const verifyUrl = options.verifyUrl || VERIFY;
  const isTest = RECAPTCHA_TEST_SECRETS.includes(options.secret);

  const second = (state: WidgetState): boolean => state.checkbox === true;
  const secretFor = (state: WidgetState): string => (second(state) ? options.checkboxSecret : options.secret);

  return {
    name: "recaptcha",
    title: "reCAPTCHA (Google)",
    receivers: [new URL(verifyUrl).host, "www.google.com", "www.gstatic.com"],
    field: "token",
    longestToken: 8192,
    timeout: options.timeout,
    checkboxAfterLowScore: leadsToCheckbox(options),
    widget: (state, visit) =>
      second(state) || options.version === "v2"
        ? recaptchaCheckbox(options, options.scriptUrl || SCRIPT, "grecaptcha", state, visit)
        : recaptchaScore(options, options.scriptUrl || SCRIPT, "grecaptcha", visit),
    call: (token, state, visit) =>
      formCall(verifyUrl, { secret: secretFor(state), response: token, remoteip: addressOf(visit) }),
    probe: () => formCall(verifyUrl, { secret: options.secret, response: "probe" }),
    judge(answer, state, visit) {
      const { json } = answer;
      const failed = failureOf(answer);
      if (failed !== undefined) return failed;
      // The test keys answer for a host of Google's own.
      if (isTest) return RIGHT;
      const host = hostnames.judge(json["hostname"], visit);
      if (host.outcome !== "right" || second(state) || options.version === "v2") return host;
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

/** The background check, which draws a score from how the visitor behaves. */
export function recaptchaScore(
  options: RecaptchaResolved,
  script: string,
  api: string,
  visit: Visit,
): Widget {
  const query = new URLSearchParams({ render: options.siteKey, hl: languageOf(visit) });
  return {
    mode: "score",
    script: `${script}?${query.toString()}`,
    api,
    parameters: { sitekey: options.siteKey, action: options.action },
    csp: sources(options),
  };
}

/** The checkbox that visitors click. */
export function recaptchaCheckbox(
  options: RecaptchaResolved,
  script: string,
  api: string,
  state: WidgetState,
  visit: Visit,
): Widget {
  const query = new URLSearchParams({ render: "explicit", onload: "bunkerReady", hl: languageOf(visit) });
  return {
    mode: "render",
    script: `${script}?${query.toString()}`,
    api,
    parameters: { sitekey: state.checkbox === true ? options.checkboxSiteKey : options.siteKey },
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
