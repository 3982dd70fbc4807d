import type { Context } from "../../../engine/context.js";
import { Hostnames } from "./hostnames.js";
import type { ScriptProviderResolved } from "./options.js";
import {
  addressOf,
  failureOf,
  formRequest,
  languageOf,
  originsOf,
  RIGHT,
  type Provider,
} from "./provider.js";

const SCRIPT = "https://js.hcaptcha.com/1/api.js";
const VERIFY = "https://api.hcaptcha.com/siteverify";

/** hCaptcha's secret for tests. */
export const HCAPTCHA_TEST_SECRETS: readonly string[] = ["0x0000000000000000000000000000000000000000"];

/** hCaptcha. Contract: docs.hcaptcha.com. */
export function hcaptcha(options: ScriptProviderResolved, context: Context): Provider {
  const { siteKey, secret } = options;
  const verifyUrl = options.verifyUrl || VERIFY;
  const script = options.scriptUrl || SCRIPT;
  const isTest = HCAPTCHA_TEST_SECRETS.includes(secret);
  const hostnames = new Hostnames(context, "hcaptcha", "hCaptcha", options.hostnames);
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
    timeout: options.timeout,
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
      formRequest(verifyUrl, { secret, response: token, remoteip: addressOf(visit), sitekey: siteKey }),
    probeRequest: () => formRequest(verifyUrl, { secret, response: "probe", sitekey: siteKey }),
    interpret(response, _state, visit) {
      const failure = failureOf(response);
      if (failure !== undefined) return failure;
      // The browser reports the hostname and may withhold it; `sitekey` is what counts.
      const hostname = response.json["hostname"];
      if (isTest || hostname === undefined || hostname === "not-provided") return RIGHT;
      return hostnames.check(hostname, visit);
    },
  };
}
