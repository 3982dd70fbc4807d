import { SETTINGS } from "./catalogue.js";
import { readSettings } from "./load-settings.js";
import { shownText } from "./settings-error.js";
import type { SettingInputs } from "./settings-reading.js";
import type { SettingsSource } from "./settings-source.js";

/** A setting in force. */
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

/** The settings in force, and where each came from. */
export interface SettingsExplanation {
  /** What holds for all services together, or for the one site. */
  readonly common: readonly EffectiveSetting[];
  /** With `MULTISITE`: every setting that a service may have of its own. */
  readonly services: Readonly<Record<string, readonly EffectiveSetting[]>>;
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  readonly warnings: readonly string[];
}

/** See `explainSettings` of index.ts. */
export function explainSettings(source: SettingsSource): SettingsExplanation {
  const { common, services, aliases, multisite, warnings } = readSettings(source);
  // A service never inherits the common SERVER_NAME.
  const inherited = [...common].filter(([name]) => name !== "SERVER_NAME");
  return {
    common: effective(common, false),
    services: Object.fromEntries(
      [...(multisite ? services : new Map<string, SettingInputs>())].map(([name, inputs]) => [
        name,
        effective(new Map([...inherited, ...inputs]), true),
      ]),
    ),
    aliases: Object.fromEntries(aliases),
    warnings,
  };
}

function effective(inputs: SettingInputs, ofService: boolean): EffectiveSetting[] {
  return SETTINGS.filter(({ context }) => !ofService || context === "multisite").map(
    ({ name, option, secret, default: text }) => {
      const found = inputs.get(name);
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
