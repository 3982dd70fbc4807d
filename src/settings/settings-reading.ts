import { normalHost } from "../request/services.js";
import { SERVICE_NAME } from "../service-name.js";
import { nearestName } from "../options/table.js";
import { settingOf } from "./catalogue.js";
import { meaningOf, settingNamed, type NameMeaning } from "./setting-names.js";
import { textOf, words } from "./setting-text.js";
import { shownText, type SettingProblem } from "./settings-error.js";
import { readSecretFile, type RawSettings } from "./settings-source.js";

export interface SettingInput {
  readonly name: string;
  readonly text: string;
  readonly from: string;
}

/** The texts of one scope, by the settings' names. */
export type SettingInputs = ReadonlyMap<string, SettingInput>;

/** The contents of a source, sorted: for all services together, and for each. */
export interface SettingsReading {
  readonly common: SettingInputs;
  /** The services in their order, with the texts of each; empty = there is one site without a name. */
  readonly services: ReadonlyMap<string, SettingInputs>;
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  readonly multisite: boolean;
  readonly problems: SettingProblem[];
  readonly warnings: readonly string[];
}

interface Part extends SettingInput {
  readonly order: number;
}

/** Sorts the contents of a source; problems are collected, never thrown. */
export function sortSettings(raw: RawSettings): SettingsReading {
  return new Sorter(raw).sort();
}

class Sorter {
  private readonly problems: SettingProblem[] = [];
  private readonly common = new Map<string, Part[]>();
  private readonly perService = new Map<string, Map<string, Part[]>>();
  private readonly others: string[] = [];
  private readonly near: string[] = [];
  private readonly unread: string[] = [];

  constructor(private readonly raw: RawSettings) {}

  sort(): SettingsReading {
    const isFirst = (name: string): boolean => /^(?:MULTISITE|SERVER_NAME)(?:_FILE)?$/.test(name);
    for (const [name, value] of this.raw.entries)
      if (isFirst(name)) this.take(name, value, meaningOf(name), this.common);
    const multisite = this.common.get("MULTISITE")?.[0]?.text === "yes";
    const names = this.serviceNames();
    const services = new Map<string, SettingInputs>();
    for (const [name, value] of this.raw.entries) {
      if (isFirst(name) || (multisite && this.takePrefixed(name, value, names))) continue;
      const meaning = meaningOf(name);
      if (meaning.kind === "foreign") this.noteUnread(name, multisite ? names : []);
      else this.take(name, value, meaning, this.common);
    }
    const common = joined(this.common);
    if (multisite)
      for (const name of names) services.set(name, joined(this.perService.get(name) ?? new Map()));
    else if (names[0] !== undefined) services.set(names[0], new Map());
    const aliases = this.aliasesOf(multisite, names, services);
    return { common, services, aliases, multisite, problems: this.problems, warnings: this.warnings() };
  }

  private take(name: string, value: unknown, meaning: NameMeaning, into: Map<string, Part[]>): void {
    if (meaning.kind === "near") this.near.push(`${name} (did you mean ${meaning.nearest}?)`);
    else if (meaning.kind === "other") this.others.push(name);
    else if (meaning.kind === "misspelt") {
      this.report(name, meaning.rule, meaning.nearest);
    } else if (meaning.kind === "setting") this.give(name, value, meaning, into);
  }

  private give(
    name: string,
    value: unknown,
    { setting, fromFile, order }: Extract<NameMeaning, { kind: "setting" }>,
    into: Map<string, Part[]>,
  ): void {
    if (value === undefined || value === null) return;
    const problem = (rule: string, text?: string): void => {
      // A secret itself is easily given instead of its file's path.
      const isPath = fromFile && /^(?:\.{0,2}\/|[A-Za-z]:\\)/.test(text ?? "");
      const shown = shownText(text, setting.secret && !isPath);
      this.problems.push({ setting: name, value: shown, rule, from: this.raw.from });
    };
    const text = textOf(value);
    if (text === undefined) {
      problem("a text, a number, yes or no");
      return;
    }
    const read = fromFile ? readSecretFile(text, ({ rule }) => problem(rule, text)) : text;
    if (read === undefined) return;
    if (read.includes("\0")) {
      problem("a text without NUL characters");
      return;
    }
    const parts = into.get(setting.name) ?? [];
    const rival = parts.find((part) => part.order === order);
    if (rival !== undefined) {
      problem(`one of ${rival.name} and ${name}, not both`);
      return;
    }
    // Spaces at the ends are never meant, except in a secret.
    const trimmed = setting.secret ? read : read.trim();
    const from = fromFile ? `the file ${text}` : this.raw.from;
    into.set(setting.name, [...parts, { name, text: trimmed, from, order }]);
  }

  private serviceNames(): string[] {
    const input = this.common.get("SERVER_NAME")?.[0];
    const names: string[] = [];
    for (const word of words(input?.text ?? "")) {
      const name = normalHost(word);
      if (!SERVICE_NAME.test(name)) this.wrongName(input as Part, word, settingOf("SERVER_NAME").allowed);
      else if (!names.includes(name)) names.push(name);
    }
    const multisite = this.common.get("MULTISITE")?.[0];
    if (multisite?.text === "yes" && names.length === 0)
      this.problems.push({
        setting: "SERVER_NAME",
        value: input?.text,
        rule: "the names of the services, which MULTISITE=yes tells apart",
        from: multisite.from,
      });
    return names;
  }

  private takePrefixed(name: string, value: unknown, services: readonly string[]): boolean {
    const lower = name.toLowerCase();
    const service = services
      .filter((one) => lower.startsWith(`${one}_`))
      .reduce<string | undefined>((a, b) => (a !== undefined && a.length >= b.length ? a : b), undefined);
    if (service === undefined) return false;
    const rest = name.slice(service.length + 1);
    const meaning = meaningOf(rest);
    if (meaning.kind === "setting" && meaning.setting.context === "global") {
      this.report(
        name,
        `${meaning.setting.name} without a service's name before it: it holds for all services together`,
        rest,
      );
      return true;
    }
    let settings = this.perService.get(service);
    if (settings === undefined) this.perService.set(service, (settings = new Map<string, Part[]>()));
    this.take(name, value, meaning, settings);
    return true;
  }

  // A host name before a setting is a service's name; any other prefix is a name of the app's own.
  private noteUnread(name: string, services: readonly string[]): void {
    const parts = /^([a-z0-9-]+(?:\.[a-z0-9-]+)+)_([A-Z][A-Z_0-9]*)$/.exec(name.slice(0, 512));
    if (parts === null || settingNamed(parts[2] as string) === undefined) return;
    if (services.length === 0) {
      this.unread.push(name);
      return;
    }
    const nearest = nearestName(parts[1] as string, services);
    const rule = "a name that is in SERVER_NAME, before the setting";
    this.report(name, rule, nearest && `${nearest}_${parts[2] as string}`);
  }

  // Without MULTISITE there is one site: its first name, and the others for aliases.
  private aliasesOf(
    multisite: boolean,
    names: readonly string[],
    services: ReadonlyMap<string, SettingInputs>,
  ): Map<string, readonly string[]> {
    if (!multisite) return new Map(names[0] === undefined ? [] : [[names[0], names.slice(1)]]);
    const owners = new Map(names.map((name) => [name, name]));
    return new Map(
      names.map((name) => {
        const input = services.get(name)?.get("SERVER_NAME");
        const aliases: string[] = [];
        for (const word of words(input?.text ?? "")) {
          const alias = normalHost(word);
          const owner = owners.get(alias);
          if (alias === name || aliases.includes(alias)) continue;
          if (!SERVICE_NAME.test(alias)) this.wrongName(input as SettingInput, word, "host names");
          else if (owner !== undefined && owner !== name)
            this.wrongName(input as SettingInput, word, `names that are not ${owner}'s`);
          else {
            owners.set(alias, name);
            aliases.push(alias);
          }
        }
        return [name, aliases] as const;
      }),
    );
  }

  private report(setting: string, rule: string, nearest: string | undefined): void {
    this.problems.push({ setting, value: undefined, rule, from: this.raw.from, nearest });
  }

  private wrongName({ name, from }: SettingInput, word: string, rule: string): void {
    this.problems.push({ setting: name, value: shownText(word, false), rule, from });
  }

  private warnings(): string[] {
    return [
      [this.others, "settings of BunkerWeb's other plugins are not looked at"],
      [this.near, "names that are close to a setting's are not looked at"],
      [this.unread, "settings with a service's name before them are looked at only with MULTISITE=yes"],
    ].flatMap(([names, what]) =>
      names?.length === 0 ? [] : [`${String(what)}: ${listed(names as string[])} (${this.raw.from})`],
    );
  }
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((name) => name.slice(0, 100));
  return `${shown.join(", ")}${names.length > shown.length ? ` and ${names.length - shown.length} more` : ""}`;
}

// Joins the lists of NAME, NAME_1, NAME_2, … in this order.
function joined(parts: ReadonlyMap<string, readonly Part[]>): SettingInputs {
  return new Map(
    [...parts].map(([name, input]) => {
      const sorted = [...input].sort((a, b) => a.order - b.order);
      const [first] = sorted as [Part, ...Part[]];
      if (sorted.length === 1) return [name, first];
      return [
        name,
        {
          name: sorted.map((part) => part.name).join(" + "),
          text: sorted.flatMap(({ text }) => (text === "" ? [] : [text])).join(" "),
          from: [...new Set(sorted.map(({ from }) => from))].join(" + "),
        },
      ];
    }),
  );
}
