import type { Context } from "../../../engine/context.js";
import { hostnameCheck } from "./hostnames.js";
import type { ScriptProviderResolved } from "./options.js";
import { formRequest, languageOf, originsOf, RIGHT, settledResult, type Provider } from "./provider.js";

/** hCaptcha. Contract: docs.hcaptcha.com. */
export function hcaptcha(options: ScriptProviderResolved, context: Context): Provider {
  const { siteKey, secret } = options;
  const verifyUrl = options.verifyUrl || "https://api.hcaptcha.com/siteverify";
  const script = options.scriptUrl || "https://js.hcaptcha.com/1/api.js";
  const checkHost = hostnameCheck(context, "hcaptcha", "hCaptcha", options.hostnames);
  const sources = [
    "https://hcaptcha.com",
    "https://*.hcaptcha.com",
    ...originsOf(options.scriptUrl, options.frameUrl),
  ];
  return {
    name: "hcaptcha",
    title: "hCaptcha",
    recipients: [new URL(verifyUrl).host, new URL(script).host],
    field: "token",
    maxTokenLength: 16_000,
    widget(_state, visit) {
      const query = new URLSearchParams({ render: "explicit", onload: "bunkerReady", hl: languageOf(visit) });
      return {
        mode: "render",
        script: `${script}?${query.toString()}`,
        api: "hcaptcha",
        parameters: { sitekey: siteKey },
        csp: { "script-src": sources, "frame-src": sources, "style-src": sources, "connect-src": sources },
      };
    },
    // `sitekey` binds the token to our own widget.
    checkRequest: (token, _state, visit) =>
      formRequest(verifyUrl, { secret, response: token, sitekey: siteKey }, visit),
    probeRequest: () => formRequest(verifyUrl, { secret, response: "probe", sitekey: siteKey }),
    interpret(response, _state, visit) {
      const settled = settledResult(response, secret);
      if (settled !== undefined) return settled;
      // The browser reports the hostname and may withhold it; `sitekey` is what counts.
      const hostname = response.json["hostname"];
      const isWithheld = hostname === undefined || hostname === "not-provided";
      return isWithheld ? RIGHT : checkHost(hostname, visit);
    },
  };
}
