import type { Check } from "../options/check.js";

/** The groups that settings are shown in. */
export type SettingPart =
  "General" | "Sessions" | "Antibot" | "Bad Behavior" | "DNSBL" | "BunkerNet" | "Redis";

/** One setting: BunkerWeb's name for an option, and what is known of it. */
export interface Setting {
  readonly name: string;
  readonly part: SettingPart;
  /** The option that it becomes, such as `badBehavior.banTime`; empty when it has no option of its own. */
  readonly option: string;
  /** Whether it holds for all services together or may be given for each. */
  readonly context: "global" | "multisite";
  /** Whether it may be given several times, as `NAME_1`, `NAME_2`, …. */
  readonly multiple: boolean;
  /** The text that stands for what holds when it is not given. */
  readonly default: string;
  /** What it takes, in words. */
  readonly allowed: string;
  readonly help: string;
  /** Its value is never shown. */
  readonly secret: boolean;
  /** Reads what {@link parse} made of the text; `undefined` after reporting what is wrong. */
  readonly check: Check<unknown>;
  /** BunkerWeb's own rule, where it is narrower than the option's. */
  readonly rule?: RegExp;
}
