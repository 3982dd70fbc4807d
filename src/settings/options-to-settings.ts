import { isDeepStrictEqual } from "node:util";
import type { BunkerOptions } from "../bunker/bunker.js";
import type { Store } from "../store/store.js";
import { SETTINGS } from "./catalogue.js";
import { settingsOfStore } from "./redis-store-of.js";
import type { Setting } from "./setting.js";
import { textOf } from "./setting-text.js";
import { BunkerSettingsError, type SettingProblem } from "./settings-error.js";
import { wrongIn } from "./settings-reading.js";

/** How {@link optionsToSettings} works. */
export interface OptionsToSettingsOptions {
  /** Whether options that no setting can say are an error, or left out. Default `"error"`. */
  others?: "error" | "omit";
}

type Settings = Record<string, string>;

/**
 * The settings that `loadSettings` makes these options of. Secrets are in them as they are.
 *
 * @throws {BunkerSettingsError} `ERR_BUNKER_SETTINGS` listing the options that no setting can say, such as functions
 */
export function optionsToSettings(
  options: BunkerOptions,
  { others = "error" }: OptionsToSettingsOptions = {},
): Settings {
  const writer = new Writer();
  writer.write(options as unknown as Record<string, unknown>);
  if (others === "error" && writer.problems.length > 0) throw new BunkerSettingsError(writer.problems);
  return writer.settings;
}

const BY_OPTION = new Map(
  SETTINGS.filter(({ option }) => option !== "" && option !== "store").map((setting) => [
    setting.option,
    setting,
  ]),
);
/** The switch of each protection that has one of its own. */
const SWITCHES = new Map(
  [...BY_OPTION.values()]
    .filter(({ name, option }) => name.startsWith("USE_") && !option.includes("."))
    .map((setting) => [setting.option, setting]),
);

class Writer {
  readonly settings: Settings = {};
  readonly problems: SettingProblem[] = [];

  write(options: Record<string, unknown>): void {
    const { services, store, ...common } = options;
    this.scope(common, "");
    if (store !== undefined) this.store(store);
    if (services !== undefined) this.services(services);
  }

  private scope(options: Record<string, unknown>, service: string): void {
    for (const [name, value] of Object.entries(options)) {
      if (value === undefined) continue;
      if (name === "antibot" && value === false) this.put("USE_ANTIBOT", "no", service);
      else if (typeof value === "boolean" && SWITCHES.has(name)) this.set(name, value, service);
      else this.option(name, value, service);
    }
  }

  private option(path: string, value: unknown, service: string): void {
    if (value === undefined) return;
    const setting = BY_OPTION.get(path);
    if (isGroup(value) && (setting === undefined || SWITCHES.has(path))) {
      if (SWITCHES.has(path)) this.set(path, true, service);
      for (const [name, one] of Object.entries(value)) this.option(`${path}.${name}`, one, service);
    } else if (setting === undefined) this.unsaid(path, service, "an option that has a setting");
    else this.set(path, value, service);
  }

  private set(path: string, value: unknown, service: string): void {
    const setting = BY_OPTION.get(path) as Setting;
    const text = settingText(setting, value);
    if (text === undefined || wrongIn(setting, { name: "", text, from: "" }) !== undefined)
      this.unsaid(path, service, setting.allowed);
    else if (service !== "" && setting.context === "global") this.shared(setting, text, path, service);
    else this.put(setting.name, text, service);
  }

  private put(name: string, text: string, service: string): void {
    this.settings[service === "" ? name : `${service}_${name}`] = text;
  }

  // What holds for all services together can only be said once.
  private shared(setting: Setting, text: string, path: string, service: string): void {
    const said = this.settings[setting.name];
    if (said === undefined) this.settings[setting.name] = text;
    else if (said !== text)
      this.unsaid(path, service, `the same for all services: ${setting.name} is global`);
  }

  private store(store: unknown): void {
    const settings = settingsOfStore(store as Store);
    if (settings === undefined) this.unsaid("store", "", "a store that loadSettings made");
    else Object.assign(this.settings, settings);
  }

  private services(services: unknown): void {
    const all: Record<string, unknown> = Array.isArray(services)
      ? Object.fromEntries(services.map((name: unknown) => [String(name), {}]))
      : (services as Record<string, unknown>);
    const names = Object.keys(all);
    const [only] = names;
    if (only === undefined) return;
    const { aliases = [], ...own } = (all[only] ?? {}) as { aliases?: readonly string[] };
    if (names.length === 1 && Object.values(own).every((value) => value === undefined)) {
      this.settings["SERVER_NAME"] = [only, ...aliases].join(" ");
      return;
    }
    this.settings["MULTISITE"] = "yes";
    this.settings["SERVER_NAME"] = names.join(" ");
    for (const name of names) this.service(name, (all[name] ?? {}) as Record<string, unknown>);
  }

  private service(name: string, { aliases, ...options }: Record<string, unknown>): void {
    const also = (aliases ?? []) as readonly string[];
    if (also.length > 0) this.put("SERVER_NAME", [name, ...also].join(" "), name);
    this.scope(options, name);
  }

  private unsaid(path: string, service: string, rule: string): void {
    const setting = service === "" ? path : `services.${service}.${path}`;
    this.problems.push({ setting, value: undefined, rule, from: "the options" });
  }
}

/** The text that is read as `value` again; `undefined` when none is. */
function settingText(setting: Setting, value: unknown): string | undefined {
  if (setting.name === "SESSIONS_CHECK_IP" && value === "prefix") return "yes";
  if (setting.name === "ANTIBOT_RECAPTCHA_SCORE" && value === 1) return "1.0";
  if (setting.option === "resolver") return textOf((value as { servers?: unknown }).servers);
  const text = textOf(value);
  // A list of one secret is that secret; of several, none of them alone.
  if (text === undefined || !setting.secret) return text;
  return isDeepStrictEqual(setting.check.parse(text), Array.isArray(value) ? value[0] : value)
    ? text
    : undefined;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
