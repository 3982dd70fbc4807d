import type { Context } from "../../../engine/context.js";
import { hostnameCheck } from "./hostnames.js";
import type { RecaptchaResolved } from "./options.js";
import {
  formRequest,
  languageOf,
  originsOf,
  RIGHT,
  settledResult,
  wrong,
  type TokenResult,
  type Provider,
  type Widget,
  type WidgetState,
} from "./provider.js";

/** reCAPTCHA: v3 with its score, and the v2 checkbox. Contract: developers.google.com/recaptcha/docs/verify. */
export function recaptcha(options: RecaptchaResolved, context: Context): Provider {
  const verifyUrl = options.verifyUrl || "https://www.google.com/recaptcha/api/siteverify";
  const checkHost = hostnameCheck(context, "recaptcha", "reCAPTCHA", options.hostnames);
  return {
    ...recaptchaBase(options, "https://www.google.com/recaptcha/api.js", "grecaptcha", verifyUrl),
    title: "reCAPTCHA (Google)",
    checkRequest(token, { checkbox }, visit) {
      const secret = checkbox === true ? options.checkboxSecret : options.secret;
      return formRequest(verifyUrl, { secret, response: token }, visit);
    },
    probeRequest: () => formRequest(verifyUrl, { secret: options.secret, response: "probe" }),
    interpret(response, state, visit) {
      const { json } = response;
      const settled = settledResult(response, options.secret);
      if (settled !== undefined) return settled;
      const host = checkHost(json["hostname"], visit);
      if (host.outcome !== "right" || isCheckbox(options, state)) return host;
      if (json["score"] === undefined) {
        return {
          outcome: "fault",
          reason: 'the response has no score, so the key is not a v3 key; set recaptcha.version to "v2"',
        };
      }
      return scored(json["action"], json["score"], options);
    },
  };
}

export function leadsToCheckbox({ onLowScore, checkboxSiteKey }: RecaptchaResolved): boolean {
  return onLowScore === undefined ? checkboxSiteKey !== "" : onLowScore === "checkbox";
}

/** Whether a challenge shows the checkbox instead of drawing a score from how the visitor behaves. */
export function isCheckbox({ version }: RecaptchaResolved, { checkbox }: WidgetState): boolean {
  return checkbox === true || version === "v2";
}

export function recaptchaBase(
  options: RecaptchaResolved,
  script: string,
  api: string,
  verifyUrl: string,
): Pick<Provider, "name" | "recipients" | "field" | "maxTokenLength" | "checkboxAfterLowScore" | "widget"> {
  const own = originsOf(options.scriptUrl, options.frameUrl);
  const frames = ["https://www.google.com/recaptcha/", "https://recaptcha.google.com/recaptcha/", ...own];
  const csp = {
    "script-src": ["https://www.google.com/recaptcha/", "https://www.gstatic.com/recaptcha/", ...own],
    "frame-src": frames,
    "connect-src": frames,
  };
  const source = (query: Record<string, string>): string =>
    `${options.scriptUrl || script}?${new URLSearchParams(query).toString()}`;
  return {
    name: "recaptcha",
    recipients: [new URL(verifyUrl).host, "www.google.com", "www.gstatic.com"],
    field: "token",
    maxTokenLength: 8192,
    checkboxAfterLowScore: leadsToCheckbox(options),
    widget(state, visit): Widget {
      const { siteKey: sitekey, action } = options;
      const hl = languageOf(visit);
      if (!isCheckbox(options, state))
        return {
          mode: "score",
          script: source({ render: sitekey, hl }),
          api,
          parameters: { sitekey, action },
          csp,
        };
      return {
        mode: "render",
        script: source({ render: "explicit", onload: "bunkerReady", hl }),
        api,
        parameters: { sitekey: state.checkbox === true ? options.checkboxSiteKey : sitekey },
        csp,
      };
    },
  };
}

/** The result for a token's action and score; a score that is not a number from 0 to 1 is wrong. */
export function scored(action: unknown, score: unknown, options: RecaptchaResolved): TokenResult {
  if (action !== options.action) return wrong("action");
  if (typeof score !== "number" || !(score >= 0 && score <= 1)) return wrong("score");
  return score >= options.score ? RIGHT : { outcome: "low", reason: `score ${score}` };
}
