import { SETTINGS } from "./catalogue.js";
import type { Setting } from "./setting.js";

/** What is known of a setting, for people. */
export type SettingDescription = Omit<Setting, "check" | "rule">;

/** See `describeSettings` of index.ts. */
export function describeSettings(): SettingDescription[] {
  return SETTINGS.map(({ name, part, option, context, multiple, default: text, allowed, help, secret }) => ({
    name,
    part,
    option,
    context,
    multiple,
    default: text,
    allowed,
    help,
    secret,
  }));
}
