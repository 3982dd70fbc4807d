import type { Context } from "../../../engine/context.js";
import type { McaptchaResolved } from "./options.js";
import { codesOf, jsonRequest, RIGHT, wrong, type Provider } from "./provider.js";

/** mCaptcha: its widget runs in a frame of the instance; nothing else is loaded. Contract: mcaptcha.org/docs. */
export function mcaptcha(options: McaptchaResolved, context: Context): Provider {
  const { url, siteKey, secret } = options;
  const verifyUrl = options.verifyUrl || `${url}/api/v1/pow/siteverify`;
  const { origin, host } = new URL(url);
  if (url === "https://demo.mcaptcha.org" && process.env["NODE_ENV"] === "production") {
    context.events.warn(
      "WRN_BUNKER_PROVIDER",
      "antibot.mcaptcha.url is mCaptcha's demo instance, whose data is wiped often: run an instance of your own",
      "mcaptcha demo",
    );
  }
  return {
    name: "mcaptcha",
    title: "mCaptcha",
    recipients: [host],
    field: "mcaptcha__token",
    maxTokenLength: 4096,
    widget: () => ({
      mode: "frame",
      frame: `${url}/widget/?${new URLSearchParams({ sitekey: siteKey }).toString()}`,
      csp: { "frame-src": [origin] },
    }),
    checkRequest: (token) => jsonRequest(verifyUrl, { token, key: siteKey, secret }),
    probeRequest: () => jsonRequest(verifyUrl, { token: "probe", key: siteKey, secret }),
    interpret(response) {
      if (response.status === 401) return { outcome: "fault", reason: "the secret is wrong" };
      return response.json["valid"] === true && response.status < 300 ? RIGHT : wrong(codesOf(response));
    },
  };
}
