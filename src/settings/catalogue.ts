import { captchaTable } from "../antibot/challenges/captcha/options.js";
import { PROVIDER_TABLES } from "../antibot/challenges/providers/option-tables.js";
import { KIND_NAMES } from "../antibot/kind-names.js";
import { geoTable } from "../antibot/lookups/options.js";
import { antibotTable, sessionsTable } from "../antibot/options.js";
import { badBehaviorTable } from "../bad-behavior/options.js";
import { bunkernetTable } from "../bunkernet/options.js";
import { check, flag, integer, oneOf } from "../options/check.js";
import type { AnyTable, OptionSpec } from "../options/table.js";
import { denyTable, sharedTable } from "../engine/shared-options.js";
import { dnsblTable } from "../dnsbl/options.js";
import { redisSettings } from "./redis-settings.js";
import type { Setting, SettingPart } from "./setting.js";
import { textOf } from "./setting-text.js";

const PARTS: readonly SettingPart[] = [
  "General",
  "Sessions",
  "Antibot",
  "Bad Behavior",
  "DNSBL",
  "BunkerNet",
  "Redis",
];

/** Where each table's options lie among those of `bunker()`. */
export const OPTION_TABLES: readonly (readonly [SettingPart, string, AnyTable])[] = [
  ["General", "", sharedTable],
  ["General", "deny.", denyTable],
  ["Sessions", "sessions.", sessionsTable],
  ["Antibot", "antibot.", antibotTable],
  ["Antibot", "antibot.captcha.", captchaTable],
  ...Object.entries(PROVIDER_TABLES).map(([name, table]) => ["Antibot", `antibot.${name}.`, table] as const),
  ["Antibot", "antibot.geo.", geoTable],
  ["Bad Behavior", "badBehavior.", badBehaviorTable],
  ["DNSBL", "dnsbl.", dnsblTable],
  ["BunkerNet", "bunkernet.", bunkernetTable],
];

const yesOrNo = flag();
const seconds = integer(0, Number.MAX_SAFE_INTEGER, "seconds");
const serverName = check("host names", (value) => (typeof value === "string" ? value : undefined));

/** Settings that are no option's, or switch a whole protection. */
const OTHERS: readonly (readonly [SettingPart, string, OptionSpec<unknown> & { setting: string }])[] = [
  [
    "General",
    "",
    {
      setting: "MULTISITE",
      context: "global",
      check: yesOrNo,
      default: false,
      help: "Tells the names in SERVER_NAME apart as services, each with settings of its own: www.example.com_USE_ANTIBOT.",
    },
  ],
  [
    "General",
    "",
    {
      setting: "USE_WHITELIST",
      context: "multisite",
      check: yesOrNo,
      default: true,
      help: "Whether WHITELIST_IP is looked at. BunkerWeb does not unless it is told to; here only a no stops it.",
    },
  ],
  ...(["IDLING", "ROLLING"] as const).map(
    (name) =>
      [
        "Sessions",
        "",
        {
          setting: `SESSIONS_${name}_TIMEOUT`,
          context: "global",
          check: seconds,
          default: name === "IDLING" ? 1800 : 3600,
          help: "Taken for BunkerWeb's sake, without effect: a pass lasts ANTIBOT_TIME_VALID.",
        },
      ] as const,
  ),
  [
    "Sessions",
    "",
    {
      setting: "SESSIONS_ABSOLUTE_TIMEOUT",
      context: "global",
      check: integer(1, Number.MAX_SAFE_INTEGER, "seconds"),
      default: 86_400,
      help: "The most that a pass lasts: antibot.timeValid becomes this where ANTIBOT_TIME_VALID is longer.",
    },
  ],
  switchOf("Bad Behavior", "USE_BAD_BEHAVIOR", "badBehavior", true, "Bans for too many bad answers."),
  switchOf("DNSBL", "USE_DNSBL", "dnsbl", false, "Refuses and bans who a DNS blocklist lists."),
  switchOf("BunkerNet", "USE_BUNKERNET", "bunkernet", true, "Refuses who other sites report, and reports."),
  ...redisSettings.map((spec) => ["Redis", "store", spec] as const),
];

/** What differs from the option where the setting is concerned. */
const PARTICULARS: Readonly<Record<string, Partial<Setting>>> = {
  USE_ANTIBOT: {
    default: "no",
    allowed: ["no", ...KIND_NAMES].join(", "),
    check: oneOf("no", ...KIND_NAMES),
    help: "The gate, and what a visitor must do.",
  },
  SERVER_NAME: {
    context: "multisite",
    default: "",
    allowed: "host names of a-z, 0-9, dots and hyphens, separated by spaces",
    check: serverName,
    help: "The site's name and its aliases; with MULTISITE the services' names, whose aliases www.example.com_SERVER_NAME lists.",
  },
  DNS_RESOLVERS: { default: "", allowed: "addresses, with a port where it is not 53, separated by spaces" },
  SESSIONS_SECRET: { default: "random", allowed: 'a text of at least 16 characters, or "random"' },
  SESSIONS_NAME: { default: "random", allowed: 'a name of letters, digits, _ and -, or "random"' },
  SESSIONS_CHECK_IP: { default: "yes", allowed: "yes (the same network), exact (the same address) or no" },
  ANTIBOT_RECAPTCHA_SCORE: { rule: /^(?:0\.[1-9]|1\.0)$/, allowed: "0.1, 0.2, … 0.9 or 1.0" },
  BAD_BEHAVIOR_BAN_SCOPE: { allowed: "service or global" },
};

/** Every setting, in the order of the docs. */
export const SETTINGS: readonly Setting[] = [...fromTables(), ...others()].sort(
  (a, b) => PARTS.indexOf(a.part) - PARTS.indexOf(b.part) || Number(isSwitch(b)) - Number(isSwitch(a)),
);

/** Every setting by its name. */
export const SETTING_BY_NAME: ReadonlyMap<string, Setting> = new Map(
  SETTINGS.map((setting) => [setting.name, setting]),
);

/** The setting called `name`; only for names that are known to exist. */
export function settingOf(name: string): Setting {
  return SETTING_BY_NAME.get(name) as Setting;
}

function fromTables(): Setting[] {
  return OPTION_TABLES.flatMap(([part, prefix, table]) =>
    Object.entries(table as Record<string, OptionSpec<unknown>>).flatMap(([option, spec]) =>
      spec.setting === undefined
        ? []
        : [settingFrom(part, prefix + option, spec as OptionSpec<unknown> & { setting: string })],
    ),
  );
}

function others(): Setting[] {
  return OTHERS.map(([part, option, spec]) => settingFrom(part, option, spec));
}

function settingFrom(
  part: SettingPart,
  option: string,
  spec: OptionSpec<unknown> & { setting: string },
): Setting {
  const start: unknown =
    typeof spec.default === "function" ? (spec.default as () => unknown)() : spec.default;
  return {
    name: spec.setting,
    part,
    option,
    context: spec.context ?? "global",
    multiple: spec.multiple === true,
    default: textOf(start) ?? "",
    allowed: allowedText(spec.check.allowed),
    help: spec.help,
    secret: spec.secret === true,
    check: spec.check,
    ...PARTICULARS[spec.setting],
  };
}

function switchOf(
  part: SettingPart,
  name: string,
  option: string,
  on: boolean,
  help: string,
): readonly [SettingPart, string, OptionSpec<unknown> & { setting: string }] {
  return [part, option, { setting: name, context: "multisite", check: yesOrNo, default: on, help }];
}

// The options' own words, as far as they are about values of JavaScript, in those of settings.
function allowedText(allowed: string): string {
  return allowed
    .replace("true or false", "yes or no")
    .replace(/^an array or space-separated text of (?:an? )?/, "space-separated: ")
    .replace(/^at least (\d+) of /, "space-separated, at least $1: ")
    .replace("a regular expression or its text", "regular expression")
    .replace(/ or \d+$/, (number) => number)
    .replaceAll('"', "");
}

function isSwitch({ name }: Setting): boolean {
  return name.startsWith("USE_") && name !== "USE_WHITELIST";
}
