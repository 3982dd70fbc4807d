import { allProblemsAtOnce } from "../../../options/table.js";
import type { Context } from "../../../engine/context.js";
import type { ChallengeKind } from "../../challenge.js";
import { capjs } from "./capjs.js";
import { checkProvider } from "./check-provider.js";
import { hcaptcha } from "./hcaptcha.js";
import { mcaptcha } from "./mcaptcha.js";
import type { ProvidersResolved } from "./options.js";
import { ProviderChallenge } from "./provider-challenge.js";
import { enterpriseRecaptcha } from "./recaptcha-enterprise.js";
import { recaptcha } from "./recaptcha.js";
import { turnstile } from "./turnstile.js";
import type { ProviderName, Provider } from "./provider.js";

const PROVIDERS: Readonly<Record<ProviderName, (options: ProvidersResolved, context: Context) => Provider>> =
  {
    recaptcha: ({ recaptcha: options }, context) =>
      options.classic ? recaptcha(options, context) : enterpriseRecaptcha(options, context),
    hcaptcha: (options, context) => hcaptcha(options.hcaptcha, context),
    turnstile: (options, context) => turnstile(options.turnstile, context),
    mcaptcha: (options, context) => mcaptcha(options.mcaptcha, context),
    capjs: (options) => capjs(options.capjs),
  };

/** Returns a provider's challenge. Throws when its keys are missing: a route or a hook may ask for any kind. */
export function providerChallenge(
  name: ProviderName,
  options: ProvidersResolved,
  context: Context,
): ChallengeKind {
  allProblemsAtOnce((report) => checkProvider(name, options, (path) => `antibot.${path}`, report));
  const provider = PROVIDERS[name](options, context);
  const { logger } = context.options;
  if (logger !== false) {
    const hosts = [...new Set(provider.recipients)].join(", ");
    logger.info(
      "challenge_recipients",
      `the challenge "${name}" sends visitors to ${provider.title}: ${hosts} will learn their addresses`,
    );
  }
  return new ProviderChallenge(provider, options, context);
}
