import type { Context } from "../../../engine/context.js";
import { Hostnames } from "./hostnames.js";
import type { ScriptProviderResolved } from "./option-tables.js";
import { addressOf, codesOf, formCall, languageOf, originsOf, RIGHT, wrong, type Vendor } from "./vendor.js";

const SCRIPT = "https://js.hcaptcha.com/1/api.js";
const VERIFY = "https://api.hcaptcha.com/siteverify";

/** hCaptcha's secret for tests. */
export const HCAPTCHA_TEST_SECRETS: readonly string[] = ["0x0000000000000000000000000000000000000000"];

const CONFIG_FAULTS = /\b(?:missing-input-secret|invalid-input-secret)\b/;

/** hCaptcha. Contract: docs.hcaptcha.com. */
export function hcaptcha(options: ScriptProviderResolved, context: Context): Vendor {
  const verifyUrl = options.verifyUrl || VERIFY;
  const isTest = HCAPTCHA_TEST_SECRETS.includes(options.secret);
  const hostnames = new Hostnames(context, options.hostnames, {
    title: "hCaptcha",
    option: "antibot.hcaptcha.hostnames",
  });
  const sources = [
    "https://hcaptcha.com",
    "https://*.hcaptcha.com",
    ...originsOf(options.scriptUrl, options.frameUrl),
  ];
  const csp = {
    "script-src": sources,
    "frame-src": sources,
    "style-src": sources,
    "connect-src": sources,
  };
  return {
    name: "hcaptcha",
    title: "hCaptcha",
    receivers: [new URL(verifyUrl).host, new URL(options.scriptUrl || SCRIPT).host],
    field: "token",
    longestToken: 16_000,
    timeout: options.timeout,
    widget(_state, visit) {
      const query = new URLSearchParams({ render: "explicit", onload: "bunkerReady", hl: languageOf(visit) });
      return {
        mode: "render",
        script: `${options.scriptUrl || SCRIPT}?${query.toString()}`,
        api: "hcaptcha",
        parameters: { sitekey: options.siteKey },
        csp,
      };
    },
    // `sitekey` pins the token to our own widget.
    call: (token, _state, visit) =>
      formCall(verifyUrl, {
        secret: options.secret,
        response: token,
        remoteip: addressOf(visit),
        sitekey: options.siteKey,
      }),
    probe: () => formCall(verifyUrl, { secret: options.secret, response: "probe", sitekey: options.siteKey }),
    judge(answer, _state, visit) {
      const { json } = answer;
      if (json["success"] !== true) {
        const codes = codesOf(answer);
        return CONFIG_FAULTS.test(codes) ? { outcome: "fault", why: codes } : wrong(codes);
      }
      // The hostname is told by the browser and may be withheld; what counts is `sitekey`.
      const hostname = json["hostname"];
      if (isTest || hostname === undefined || hostname === "not-provided") return RIGHT;
      return hostnames.judge(hostname, visit);
    },
  };
}
