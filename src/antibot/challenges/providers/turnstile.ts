import { randomUUID } from "node:crypto";
import type { Context } from "../../../engine/context.js";
import { hostnameCheck } from "./hostnames.js";
import type { TurnstileResolved } from "./options.js";
import { formRequest, languageOf, originsOf, settledResult, wrong, type Provider } from "./provider.js";

const ORIGIN = "https://challenges.cloudflare.com";

/** Cloudflare Turnstile. Contract: developers.cloudflare.com/turnstile/get-started/server-side-validation. */
export function turnstile(options: TurnstileResolved, context: Context): Provider {
  const { siteKey, secret, action } = options;
  const verifyUrl = options.verifyUrl || `${ORIGIN}/turnstile/v0/siteverify`;
  const script = options.scriptUrl || `${ORIGIN}/turnstile/v0/api.js`;
  const checkHost = hostnameCheck(context, "turnstile", "Turnstile", options.hostnames);
  const sources = [ORIGIN, ...originsOf(options.scriptUrl, options.frameUrl)];
  return {
    name: "turnstile",
    title: "Turnstile (Cloudflare)",
    recipients: [...new Set([verifyUrl, script].map((url) => new URL(url).host))],
    field: "token",
    maxTokenLength: 2048,
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
      formRequest(verifyUrl, { secret, response: token, idempotency_key: randomUUID() }, visit),
    probeRequest: () => formRequest(verifyUrl, { secret, response: "probe" }),
    interpret(response, { bind }, visit) {
      const { json } = response;
      const settled = settledResult(response, secret);
      if (settled?.reason?.includes("internal-error") === true) return { ...settled, outcome: "retry" };
      if (settled !== undefined) return settled;
      if (json["action"] !== action) return wrong("action");
      if (json["cdata"] !== bind) return wrong("cdata");
      return checkHost(json["hostname"], visit);
    },
  };
}
