import { randomUUID } from "node:crypto";
import type { Context } from "../../../engine/context.js";
import { Hostnames } from "./hostnames.js";
import type { TurnstileResolved } from "./option-tables.js";
import { addressOf, codesOf, formCall, languageOf, originsOf, RIGHT, wrong, type Vendor } from "./vendor.js";

const SCRIPT = "https://challenges.cloudflare.com/turnstile/v0/api.js";
const VERIFY = "https://challenges.cloudflare.com/turnstile/v0/siteverify";

/** Cloudflare's secrets for tests: always good, always bad, always spent. */
export const TURNSTILE_TEST_SECRETS: readonly string[] = [
  "1x0000000000000000000000000000000AA",
  "2x0000000000000000000000000000000AA",
  "3x0000000000000000000000000000000AA",
];

const CONFIG_FAULTS = /\b(?:missing-input-secret|invalid-input-secret)\b/;

/** Cloudflare Turnstile. Contract: developers.cloudflare.com/turnstile/get-started/server-side-validation. */
export function turnstile(options: TurnstileResolved, context: Context): Vendor {
  const verifyUrl = options.verifyUrl || VERIFY;
  const isTest = TURNSTILE_TEST_SECRETS.includes(options.secret);
  const hostnames = new Hostnames(context, options.hostnames, {
    title: "Turnstile",
    option: "antibot.turnstile.hostnames",
  });
  const sources = ["https://challenges.cloudflare.com", ...originsOf(options.scriptUrl, options.frameUrl)];
  return {
    name: "turnstile",
    title: "Turnstile (Cloudflare)",
    receivers: [...new Set([verifyUrl, options.scriptUrl || SCRIPT].map((url) => new URL(url).host))],
    field: "token",
    longestToken: 2048,
    timeout: options.timeout,
    mayRepeat: true,
    widget: ({ bind }, visit) => ({
      mode: "render",
      script: `${options.scriptUrl || SCRIPT}?render=explicit&onload=bunkerReady`,
      api: "turnstile",
      parameters: {
        sitekey: options.siteKey,
        action: options.action,
        cData: bind,
        language: languageOf(visit).toLowerCase(),
      },
      csp: { "script-src": sources, "frame-src": sources },
    }),
    // The key makes a repeated call the same call: without it the second would find the token spent.
    call: (token, _state, visit) =>
      formCall(verifyUrl, {
        secret: options.secret,
        response: token,
        remoteip: addressOf(visit),
        idempotency_key: randomUUID(),
      }),
    probe: () => formCall(verifyUrl, { secret: options.secret, response: "probe" }),
    judge(answer, { bind }, visit) {
      const { json } = answer;
      if (json["success"] !== true) {
        const codes = codesOf(answer);
        if (codes.includes("internal-error")) return { outcome: "retry", why: codes };
        return CONFIG_FAULTS.test(codes) ? { outcome: "fault", why: codes } : wrong(codes);
      }
      // The test secrets take any token and answer nothing about it.
      if (isTest) return RIGHT;
      if (json["action"] !== options.action) return wrong("action");
      if (json["cdata"] !== bind) return wrong("cdata");
      return hostnames.judge(json["hostname"], visit);
    },
  };
}
