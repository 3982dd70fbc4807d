import { editDistance, nearestName } from "../options/table.js";
import { SETTING_BY_NAME, SETTINGS } from "./catalogue.js";
import { isOtherSetting } from "./other-settings.js";
import type { Setting } from "./setting.js";

export type NameMeaning =
  /** A setting of ours; `fromFile` = its value is the path of the file that holds it; `order` sorts `_1`, `_2`, …. */
  | {
      readonly kind: "setting";
      readonly setting: Setting;
      readonly fromFile: boolean;
      readonly order: number;
    }
  | { readonly kind: "misspelt"; readonly nearest: string | undefined; readonly rule: string }
  /** Close to a setting, but possibly a name of the app's own. */
  | { readonly kind: "near"; readonly nearest: string }
  /** Another BunkerWeb plugin's. */
  | { readonly kind: "other" }
  /** A name of the app's own. */
  | { readonly kind: "foreign" };

const NAMES = SETTINGS.map(({ name }) => name);
const SWITCHES = NAMES.filter((name) => name.startsWith("USE_"));
const OWN_PREFIX = /^(?:ANTIBOT|BAD_BEHAVIOR|DNSBL|BUNKERNET|SESSIONS)_/i;
// Not SESSIONS_: many an app has a SESSION_SECRET of its own.
const PECULIAR = NAMES.filter((name) => /^(?:ANTIBOT|BAD_BEHAVIOR|DNSBL|BUNKERNET)_/.test(name));

/** Returns the meaning of a name without a service's prefix. */
export function meaningOf(name: string): NameMeaning {
  const exact = settingNamed(name);
  if (exact !== undefined) return exact;
  const bare = name.slice(0, 128);
  if (OWN_PREFIX.test(bare)) return misspelt(bare);
  if (isOtherSetting(bare)) return { kind: "other" };
  if (/^USE[_-]?[A-Z]/i.test(bare)) {
    const meant = SWITCHES.find((known) => nearSwitch(bare, known));
    if (meant !== undefined) return { kind: "misspelt", nearest: meant, rule: "the name of a setting" };
  }
  if (/^[A-Z][A-Z0-9_]{7,}$/.test(bare)) {
    const nearest = nearestName(bare, PECULIAR);
    if (nearest !== undefined && within(bare, nearest, 2)) return { kind: "near", nearest };
  }
  return { kind: "foreign" };
}

/** The setting that `name` is exactly: itself, with `_FILE`, or with a number where several are taken. */
export function settingNamed(name: string): Extract<NameMeaning, { kind: "setting" }> | undefined {
  const whole = SETTING_BY_NAME.get(name);
  if (whole !== undefined) return { kind: "setting", setting: whole, fromFile: false, order: 0 };
  const parts = /^([A-Z_0-9]{1,64}?)(?:_(\d{1,4}))?(_FILE)?$/.exec(name);
  if (parts === null) return undefined;
  const setting = SETTING_BY_NAME.get(parts[1] as string);
  if (setting === undefined || (parts[2] !== undefined && !setting.multiple)) return undefined;
  return { kind: "setting", setting, fromFile: parts[3] !== undefined, order: Number(parts[2] ?? 0) };
}

function misspelt(name: string): NameMeaning {
  const base = /^(.*?)_\d{1,4}(?:_FILE)?$/.exec(name)?.[1];
  if (base !== undefined && SETTING_BY_NAME.has(base))
    return { kind: "misspelt", nearest: base, rule: "given once; only some settings take _1, _2, …" };
  return {
    kind: "misspelt",
    nearest: nearestName(name.replace(/_FILE$/, ""), NAMES),
    rule: "the name of a setting",
  };
}

// USE_ANTIBOTS, use_antibot, USE_BADBEHAVIOR, USE_DNSBLS; but not USE_DNS of some other program.
function nearSwitch(name: string, known: string): boolean {
  const core = (text: string): string => text.toUpperCase().replaceAll(/[^A-Z0-9]/g, "");
  const wanted = core(known);
  return within(core(name), wanted, wanted.length >= 10 ? 2 : 1);
}

function within(name: string, known: string, max: number): boolean {
  return Math.abs(name.length - known.length) <= max && editDistance(name, known) <= max;
}
