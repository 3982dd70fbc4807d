import { readBunkerOptions, type BunkerOptions } from "../../bunker/options.js";
import { BunkerOptionsError } from "../../errors.js";
import { allProblemsAtOnce } from "../../options/table.js";
import { explainSettings, type EffectiveSetting } from "../../settings/explain-settings.js";
import { JSON_OPTION, type Command } from "../command.js";
import { CliError, EXIT, UsageError } from "../exit-code.js";
import { failureOf } from "../failure.js";
import { serviceOption } from "../operands.js";
import { optionsFromSettings, SETTINGS_OPTION, settingsSource } from "../settings-option.js";
import { printTable } from "../table.js";
import { printable } from "../../printable.js";

export const settingsCommand: Command = {
  name: "settings",
  takes: "",
  operands: [0, 0],
  summary: "shows every setting's value and where it came from, or what is wrong",
  options: [
    { name: "check", value: "FILE", help: "looks at this file: the same as --settings" },
    SETTINGS_OPTION,
    { name: "service", value: "NAME", help: "what holds for this service (with MULTISITE=yes)" },
    { name: "all", help: "defaults too (default: what was given)" },
    JSON_OPTION,
  ],
  notes: [
    "Secrets are never shown. The exit code is 1 when something is wrong, or when bunker() needs more than these settings; all problems are told at once.",
  ],
  examples: ["settings --all", "settings --check variables.env --service www.example.com"],
  run(args, terminal) {
    const file = args.value("check");
    if (file !== undefined && args.has("settings"))
      throw new UsageError("give one of --check and --settings");
    const name = serviceOption(args);
    const source = file ?? settingsSource(args);
    const explained = explainSettings(source);
    const problems = problemsOf(optionsFromSettings(args, source).options);
    const exitCode = problems === undefined ? EXIT.ok : EXIT.problem;
    const { common, services, aliases, warnings } = explained;
    const names = Object.keys(services);
    const chosen = name === undefined ? common : services[name];
    if (chosen === undefined)
      throw new CliError(
        names.length === 0
          ? "there are no services: MULTISITE is not yes"
          : `there is no service "${name as string}"; there are ${names.join(", ")}`,
      );
    if (args.has("json")) {
      terminal.printJson(
        name === undefined ? explained : { service: name, settings: chosen, aliases: aliases[name] ?? [] },
      );
      if (problems !== undefined) terminal.note(problems);
      return Promise.resolve(exitCode);
    }
    const shown = chosen.filter(({ givenAs }) => givenAs !== undefined || args.has("all"));
    if (shown.length === 0)
      terminal.print("No setting is given: every one has its default (--all shows them).");
    else
      printTable(
        terminal,
        ["SETTING", "VALUE", "FROM", "OPTION"],
        shown.map((setting) => [setting.name, setting.value || "(empty)", fromText(setting), setting.option]),
      );
    if (names.length > 0 && name === undefined)
      terminal.print(
        `\nServices, each with settings of its own (--service NAME): ${printable(names.join(", "))}`,
      );
    for (const warning of warnings)
      terminal.note(`${terminal.styled("yellow", "note")}: ${printable(warning)}`);
    if (problems !== undefined) terminal.note(problems);
    return Promise.resolve(exitCode);
  },
};

// What every setting by itself allows, and bunker() would refuse all the same: a vendor without its keys.
function problemsOf(options: BunkerOptions): string | undefined {
  try {
    allProblemsAtOnce((report) => readBunkerOptions(options, report));
    return undefined;
  } catch (error) {
    if (!(error instanceof BunkerOptionsError)) throw error;
    const lines = failureOf(error).message.split("\n").slice(1);
    return ["bunker() needs more than these settings:", ...lines.map((line) => printable(line))].join("\n");
  }
}

function fromText({ name, from, givenAs }: EffectiveSetting): string {
  return givenAs === undefined || givenAs === name ? from : `${from}, as ${givenAs}`;
}
