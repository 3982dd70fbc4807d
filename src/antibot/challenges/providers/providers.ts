import { allProblemsAtOnce } from "../../../options/table.js";
import type { Runtime } from "../../../engine/context.js";
import type { ChallengeKind } from "../../challenge.js";
import { capjs } from "./capjs.js";
import { checkProvider } from "./checks.js";
import { hcaptcha } from "./hcaptcha.js";
import { mcaptcha } from "./mcaptcha.js";
import type { ProvidersResolved } from "./options.js";
import { ProviderChallenge } from "./provider-challenge.js";
import { recaptcha } from "./recaptcha.js";
import { turnstile } from "./turnstile.js";
import type { ProviderName, Vendor } from "./vendor.js";

const VENDORS: Readonly<Record<ProviderName, (options: ProvidersResolved, runtime: Runtime) => Vendor>> = {
  recaptcha: (options, runtime) => recaptcha(options.recaptcha, runtime),
  hcaptcha: (options, runtime) => hcaptcha(options.hcaptcha, runtime),
  turnstile: (options, runtime) => turnstile(options.turnstile, runtime),
  mcaptcha: (options, runtime) => mcaptcha(options.mcaptcha, runtime),
  capjs: (options) => capjs(options.capjs),
};

/**
 * A provider's challenge. The log is told who will learn visitors' addresses (R37).
 *
 * @throws {BunkerOptionsError} when its keys are missing: a route or a hook may ask for a kind that the options do not name
 */
export function providerChallenge(
  name: ProviderName,
  options: ProvidersResolved,
  runtime: Runtime,
): ChallengeKind {
  allProblemsAtOnce((report) => checkProvider(name, options, (path) => `antibot.${path}`, report));
  const vendor = VENDORS[name](options, runtime);
  const { logger } = runtime.options;
  if (logger !== false) {
    const hosts = [...new Set(vendor.receivers)].join(", ");
    logger.info(
      `express-bunker: the challenge "${name}" sends visitors to ${vendor.title}: ${hosts} will learn their addresses`,
    );
  }
  return new ProviderChallenge(vendor, options.onProviderError, runtime);
}
