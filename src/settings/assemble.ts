import type { BunkerOptions } from "../bunker/bunker.js";
import { SETTINGS, settingOf } from "./catalogue.js";
import type { Setting } from "./setting.js";
import type { SettingInputs, SettingsReading } from "./settings-reading.js";

type Group = Record<string, unknown>;

/** The protections that a setting turns on and off, by the option that holds their own. */
const SWITCHED = {
  antibot: "USE_ANTIBOT",
  badBehavior: "USE_BAD_BEHAVIOR",
  dnsbl: "USE_DNSBL",
  bunkernet: "USE_BUNKERNET",
} as const;

type Switched = keyof typeof SWITCHED;

/** Returns the options that valid settings result in, without the store. */
export function assemble(reading: SettingsReading): BunkerOptions {
  const { common, services, aliases, multisite } = reading;
  const options = scopeOf(common, common);
  if (services.size > 0) {
    options["services"] = Object.fromEntries(
      [...services].map(([name, inputs]) => {
        const also = aliases.get(name) ?? [];
        return [
          name,
          {
            ...(also.length > 0 ? { aliases: also } : {}),
            ...(multisite ? scopeOf(inputs, new Map([...common, ...inputs])) : {}),
          },
        ];
      }),
    );
  }
  return options;
}

/** Returns the options of one scope from its own inputs, and from those that they fall back to (`effective`). */
function scopeOf(inputs: SettingInputs, effective: SettingInputs): Group {
  const options: Group = {};
  for (const setting of SETTINGS) {
    const part = setting.option.split(".", 1)[0] as string;
    if (setting.option === "" || setting.part === "Redis" || setting.name === "SERVER_NAME") continue;
    if (!(part in SWITCHED) && inputs.has(setting.name)) put(options, setting, effective);
  }
  if (
    effective.get("USE_WHITELIST")?.text === "no" &&
    (inputs.has("WHITELIST_IP") || inputs.has("USE_WHITELIST"))
  )
    options["allow"] = [];
  else if (inputs.has("USE_WHITELIST") && effective.has("WHITELIST_IP"))
    put(options, settingOf("WHITELIST_IP"), effective);
  for (const part of Object.keys(SWITCHED) as Switched[]) {
    const value = switchedPart(part, inputs, effective);
    if (value !== undefined) options[part] = value;
  }
  return options;
}

function switchedPart(part: Switched, inputs: SettingInputs, effective: SettingInputs): unknown {
  const mine = SETTINGS.filter(({ option }) => option === part || option.startsWith(`${part}.`));
  const lasting = part === "antibot" && inputs.has("SESSIONS_ABSOLUTE_TIMEOUT");
  if (!lasting && !mine.some(({ name }) => inputs.has(name))) return undefined;
  const name = SWITCHED[part];
  const state = effective.get(name)?.text;
  const on = state ?? settingOf(name).default;
  if (on === "no" || (part === "dnsbl" && effective.get("DNSBL_LIST")?.text === ""))
    return state === undefined ? undefined : false;
  const group: Group = {};
  for (const setting of mine)
    if (setting.option !== part)
      put(group, { ...setting, option: setting.option.slice(part.length + 1) }, effective);
  if (part === "antibot") limitPasses(group, effective);
  return Object.keys(group).length === 0 ? true : group;
}

// A pass ends with its session at the latest.
function limitPasses(antibot: Group, effective: SettingInputs): void {
  const most = effective.get("SESSIONS_ABSOLUTE_TIMEOUT");
  if (most === undefined) return;
  const valid = Number(antibot["timeValid"] ?? settingOf("ANTIBOT_TIME_VALID").default);
  if (Number(most.text) < valid) antibot["timeValid"] = Number(most.text);
}

function put(options: Group, setting: Setting, effective: SettingInputs): void {
  const input = effective.get(setting.name);
  if (input === undefined) return;
  const value = setting.check.parse(input.text);
  if (input.text === "" && !saysNone(setting, value)) return;
  const path = setting.option.split(".");
  const last = path.pop() as string;
  let group = options;
  for (const name of path) group = (group[name] ??= {}) as Group;
  group[last] = value;
}

// An empty list or text overrides the common value; for other settings an empty text means "not given".
function saysNone(setting: Setting, value: unknown): boolean {
  return Array.isArray(value) || setting.check.read(value, setting.name, () => undefined) !== undefined;
}
