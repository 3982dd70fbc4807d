import { randomUUID } from "node:crypto";
import type { Context } from "../../../engine/context.js";
import { Hostnames } from "./hostnames.js";
import type { TurnstileResolved } from "./options.js";
import {
  addressOf,
  failureOf,
  formRequest,
  languageOf,
  originsOf,
  RIGHT,
  wrong,
  type Provider,
} from "./provider.js";

const SCRIPT = "https://challenges.cloudflare.com/turnstile/v0/api.js";
const VERIFY = "https://challenges.cloudflare.com/turnstile/v0/siteverify";

/** Cloudflare's secrets for tests: always right, always wrong, always used. */
export const TURNSTILE_TEST_SECRETS: readonly string[] = [
  "1x0000000000000000000000000000000AA",
  "2x0000000000000000000000000000000AA",
  "3x0000000000000000000000000000000AA",
];

/** Cloudflare Turnstile. Contract: developers.cloudflare.com/turnstile/get-started/server-side-validation. */
export function turnstile(options: TurnstileResolved, context: Context): Provider {
  const { siteKey, secret, action } = options;
  const verifyUrl = options.verifyUrl || VERIFY;
  const script = options.scriptUrl || SCRIPT;
  const isTest = TURNSTILE_TEST_SECRETS.includes(secret);
  const hostnames = new Hostnames(context, "turnstile", "Turnstile", options.hostnames);
  const sources = ["https://challenges.cloudflare.com", ...originsOf(options.scriptUrl, options.frameUrl)];
  return {
    name: "turnstile",
    title: "Turnstile (Cloudflare)",
    recipients: [...new Set([verifyUrl, script].map((url) => new URL(url).host))],
    field: "token",
    maxTokenLength: 2048,
    timeout: options.timeout,
    mayRepeat: true,
    widget: ({ bind }, visit) => ({
      mode: "render",
      script: `${script}?render=explicit&onload=bunkerReady`,
      api: "turnstile",
      parameters: { sitekey: siteKey, action, cData: bind, language: languageOf(visit).toLowerCase() },
      csp: { "script-src": sources, "frame-src": sources },
    }),
    // With the key a repeated request counts as the same one: without it the token would be used already.
    checkRequest: (token, _state, visit) =>
      formRequest(verifyUrl, {
        secret,
        response: token,
        remoteip: addressOf(visit),
        idempotency_key: randomUUID(),
      }),
    probeRequest: () => formRequest(verifyUrl, { secret, response: "probe" }),
    interpret(response, { bind }, visit) {
      const { json } = response;
      const failure = failureOf(response);
      if (failure?.reason?.includes("internal-error") === true) return { ...failure, outcome: "retry" };
      if (failure !== undefined) return failure;
      // The test secrets take any token and report nothing about it.
      if (isTest) return RIGHT;
      if (json["action"] !== action) return wrong("action");
      if (json["cdata"] !== bind) return wrong("cdata");
      return hostnames.check(json["hostname"], visit);
    },
  };
}
