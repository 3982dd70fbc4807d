import type { IncomingMessage } from "node:http";
import type { SharedOptions } from "../engine/shared-options.js";
import type * as AntibotModule from "./antibot.js";
import type { Antibot } from "./antibot.js";
import type { AntibotOptions } from "./options.js";

export type { Antibot } from "./antibot.js";
export type { AntibotParts } from "./gate.js";
export type { AntibotOptions, SessionOptions } from "./options.js";
export type { Alternative, CaptchaOptions } from "./challenges/captcha/options.js";
export type { ChallengeOption, ChallengeStep, KindName } from "./challenge-policy.js";
export type { ChallengeKind, ChallengePage, Fields, Issued, Visit } from "./challenge.js";
export type {
  CapjsOptions,
  HcaptchaOptions,
  McaptchaOptions,
  ProviderOptions,
  ProviderPolicy,
  ProvidersOptions,
  RecaptchaOptions,
  ScriptProviderOptions,
  TurnstileOptions,
} from "./challenges/providers/options.js";
export type { GeoLookup } from "./lookups/geo-database.js";
export type { GeoOptions, IgnoreCookie, LookupOptions } from "./lookups/options.js";
export type { BotName } from "../dns/verified-bots.js";

/**
 * The gate (BunkerWeb's Antibot): visitors solve a challenge before the site opens to them.
 *
 * @param options the gate's options, and those that all protections share
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every wrong option
 * @example
 * const gate = antibot({ challenge: "cookie", sessions: { secret: process.env.SESSIONS_SECRET } });
 * app.use(gate);
 */
export function antibot<Req extends IncomingMessage = IncomingMessage>(
  options: SharedOptions<Req> & AntibotOptions<Req>,
): Antibot {
  // The gate is half of the package, so it is loaded with the first call.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return (require("./antibot.js") as typeof AntibotModule).antibot(options);
}
