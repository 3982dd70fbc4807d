import { SETTINGS } from "./catalogue.js";
import { readSettings } from "./load-settings.js";
import { shownText } from "./settings-error.js";
import type { GivenSettings, SettingsReading } from "./settings-reading.js";
import type { SettingsSource } from "./settings-source.js";

/** A setting as it is in force. */
export interface EffectiveSetting {
  readonly name: string;
  /** Its text; `"(hidden)"` for secrets. */
  readonly value: string;
  /** Where it came from: `"default"`, `"the environment"`, `"the object"`, or a file. */
  readonly from: string;
  /** The name under which it was given; `undefined` = it was not. */
  readonly givenAs: string | undefined;
  /** The option that it becomes; empty when it has none of its own. */
  readonly option: string;
}

/** What is in force, and why. */
export interface SettingsExplanation {
  /** What holds for all services together, or for the one site. */
  readonly common: readonly EffectiveSetting[];
  /** With `MULTISITE`: every setting that a service may have of its own. */
  readonly services: Readonly<Record<string, readonly EffectiveSetting[]>>;
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  readonly warnings: readonly string[];
}

/**
 * What a source amounts to: every setting's value, and where it came from, a service. Connects to nothing.
 *
 * @throws {BunkerSettingsError} `ERR_BUNKER_SETTINGS` with every wrong setting
 */
export function explainSettings(source: SettingsSource): SettingsExplanation {
  const reading = readSettings(source);
  const { common, services, aliases, multisite, warnings } = reading;
  return {
    common: effective(common, false),
    services: Object.fromEntries(
      [...(multisite ? services : new Map<string, GivenSettings>())].map(([name, given]) => [
        name,
        effective(fallingBack(reading, given), true),
      ]),
    ),
    aliases: Object.fromEntries(aliases),
    warnings,
  };
}

// A service's own names are its own: it never has those of all.
function fallingBack({ common }: SettingsReading, given: GivenSettings): GivenSettings {
  return new Map([...[...common].filter(([name]) => name !== "SERVER_NAME"), ...given]);
}

function effective(given: GivenSettings, ofService: boolean): EffectiveSetting[] {
  return SETTINGS.filter(({ context }) => !ofService || context === "multisite").map(
    ({ name, option, secret, default: text }) => {
      const found = given.get(name);
      return {
        name,
        value: shownText(found?.text ?? text, secret) as string,
        from: found?.from ?? "default",
        givenAs: found?.name,
        option,
      };
    },
  );
}
