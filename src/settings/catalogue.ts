import { captchaTable } from "../antibot/challenges/captcha/options.js";
import { PROVIDER_TABLES } from "../antibot/challenges/providers/options.js";
import { KIND_NAMES } from "../antibot/challenge-policy.js";
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

const PARTS = ["General", "Sessions", "Antibot", "Bad Behavior", "DNSBL", "BunkerNet", "Redis"];

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

type SpecOfSetting = OptionSpec<unknown> & { readonly setting: string };

/** Settings without an option, and those that switch a whole protection. */
const OTHERS: readonly (readonly [SettingPart, string, SpecOfSetting])[] = [
  [
    "General",
    "",
    {
      setting: "MULTISITE",
      context: "global",
      check: flag(),
      default: false,
      help: "Makes the names in SERVER_NAME services, each with its own settings, such as www.example.com_USE_ANTIBOT.",
    },
  ],
  [
    "General",
    "",
    {
      setting: "USE_WHITELIST",
      context: "multisite",
      check: flag(),
      default: true,
      help: "Applies WHITELIST_IP; unlike in BunkerWeb, on by default.",
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
          check: integer(0, Number.MAX_SAFE_INTEGER, "seconds"),
          default: name === "IDLING" ? 1800 : 3600,
          help: "Has no effect and is accepted for compatibility: ANTIBOT_TIME_VALID is the lifetime of a pass.",
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
      help: "The maximum lifetime of a pass, where ANTIBOT_TIME_VALID is longer.",
    },
  ],
  switchOf("Bad Behavior", "badBehavior", {
    setting: "USE_BAD_BEHAVIOR",
    default: true,
    help: "Bans clients for too many bad responses.",
  }),
  switchOf("DNSBL", "dnsbl", {
    setting: "USE_DNSBL",
    default: false,
    help: "Refuses and bans clients that a DNS blocklist lists.",
  }),
  switchOf("BunkerNet", "bunkernet", {
    setting: "USE_BUNKERNET",
    default: true,
    help: "Refuses clients that other sites reported, and reports clients.",
  }),
  ...redisSettings.map((spec) => ["Redis", "store", spec] as const),
];

/** How settings differ from their options. */
const PARTICULARS: Readonly<Record<string, Partial<Setting>>> = {
  USE_ANTIBOT: {
    default: "no",
    allowed: ["no", ...KIND_NAMES].join(", "),
    check: oneOf("no", ...KIND_NAMES),
    help: "The challenge that a visitor must solve; no turns the gate off.",
  },
  SERVER_NAME: {
    context: "multisite",
    default: "",
    allowed: "space-separated host names of a-z, 0-9, dots and hyphens",
    check: check("host names", (value) => (typeof value === "string" ? value : undefined)),
    help: "The name and the aliases of the site. With MULTISITE: the names of the services; www.example.com_SERVER_NAME lists the aliases of one.",
  },
  DNS_RESOLVERS: { default: "", allowed: "space-separated addresses, each with a port if it is not 53" },
  SESSIONS_SECRET: { default: "random", allowed: 'a text of at least 16 characters, or "random"' },
  SESSIONS_NAME: { default: "random", allowed: 'a name of letters, digits, _ and -, or "random"' },
  SESSIONS_CHECK_IP: { default: "yes", allowed: "yes (the same network), exact (the same address) or no" },
  ANTIBOT_RECAPTCHA_SCORE: { rule: /^(?:0\.[1-9]|1\.0)$/, allowed: "0.1, 0.2, … 0.9 or 1.0" },
};

/** Every setting, in the order of the docs. */
export const SETTINGS: readonly Setting[] = [
  ...OPTION_TABLES.flatMap(([part, prefix, table]) =>
    Object.entries(table)
      .filter((entry): entry is [string, SpecOfSetting] => entry[1].setting !== undefined)
      .map(([option, spec]) => settingFrom(part, prefix + option, spec)),
  ),
  ...OTHERS.map((other) => settingFrom(...other)),
].sort((a, b) => PARTS.indexOf(a.part) - PARTS.indexOf(b.part) || Number(isSwitch(b)) - Number(isSwitch(a)));

export const SETTING_BY_NAME: ReadonlyMap<string, Setting> = new Map(
  SETTINGS.map((setting) => [setting.name, setting]),
);

/** The setting called `name`; only for names that are known to exist. */
export function settingOf(name: string): Setting {
  return SETTING_BY_NAME.get(name) as Setting;
}

function settingFrom(part: SettingPart, option: string, spec: SpecOfSetting): Setting {
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
  option: string,
  about: Pick<SpecOfSetting, "setting" | "default" | "help">,
): readonly [SettingPart, string, SpecOfSetting] {
  return [part, option, { ...about, context: "multisite", check: flag() }];
}

// Describes values of settings where the option's words describe values of JavaScript.
function allowedText(allowed: string): string {
  return allowed
    .replace("true or false", "yes or no")
    .replace(/^an array or space-separated text of (at least \d+ )?/, "$1space-separated ")
    .replace("a regular expression or its text", "a regular expression")
    .replace(/, or a function .*$/, "")
    .replaceAll('"', "");
}

function isSwitch({ name }: Setting): boolean {
  return name.startsWith("USE_") && name !== "USE_WHITELIST";
}
