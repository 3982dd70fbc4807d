import { withHelp } from "../errors.js";
import { printable } from "../printable.js";

/** One thing wrong with the settings that a user gave. */
export interface SettingProblem {
  /** The setting's name as it was given, with its service's prefix. */
  readonly setting: string;
  /** The text that was given; `"(hidden)"` for secrets, `undefined` when nothing was. */
  readonly value: string | undefined;
  /** What would have been right, in words. */
  readonly rule: string;
  /** Where it came from: `"the environment"`, `"the object"`, or a file's path. */
  readonly from: string;
  /** The nearest name that exists, for a misspelt one. */
  readonly nearest?: string;
}

/** More problems than this are counted, not listed: the report of a wrong file stays readable. */
const MAX_LISTED = 100;

/** Thrown by `loadSettings` when settings are wrong: all problems at once, one line each. */
export class BunkerSettingsError extends TypeError {
  readonly code = "ERR_BUNKER_SETTINGS";
  constructor(readonly problems: readonly SettingProblem[]) {
    const lines = problems.slice(0, MAX_LISTED).map(line);
    const more = problems.length - lines.length;
    if (more > 0) lines.push(`  - and ${more} more`);
    const count = problems.length === 1 ? "one setting is" : `${problems.length} settings are`;
    super(withHelp("ERR_BUNKER_SETTINGS", [`${count} wrong`, ...lines].join("\n")));
    this.name = "BunkerSettingsError";
  }
}

/** The value of a setting as it may be shown to people. */
export function shownText(text: string | undefined, secret: boolean): string | undefined {
  if (text === undefined) return undefined;
  if (secret && text !== "" && text !== "random") return "(hidden)";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function line({ setting, value, rule, from, nearest }: SettingProblem): string {
  const short = (name: string): string => (name.length > 200 ? `${name.slice(0, 200)}…` : name);
  const got = value === undefined ? "" : ` got ${value === "(hidden)" ? value : JSON.stringify(value)};`;
  const meant = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
  return `  - ${printable(short(setting))} (${printable(short(from))}):${got} allowed: ${rule}${meant}`;
}
