import type { BunkerOptions } from "../../bunker/bunker.js";
import { type Args, JSON_OPTION, type Command } from "../command.js";
import { CliError, EXIT } from "../exit-code.js";
import { readCombined } from "../forecast/combined-log.js";
import { readJsonLine } from "../forecast/json-log.js";
import { openLog } from "../forecast/log-lines.js";
import { Replay } from "../forecast/replay.js";
import { forecastJson, showForecast, type ForecastResult } from "../forecast/report.js";
import { optionsFromSettings, SETTINGS_OPTION } from "../settings-option.js";

export const forecastCommand: Command = {
  name: "forecast",
  takes: "<log>",
  operands: [1, 1],
  summary: "replays an access log and shows which clients would have been banned",
  options: [
    SETTINGS_OPTION,
    { name: "threshold", value: "N", help: "tries another threshold: BAD_BEHAVIOR_THRESHOLD" },
    { name: "count-time", value: "TIME", help: "tries another window: BAD_BEHAVIOR_COUNT_TIME" },
    { name: "ban-time", value: "TIME", help: "tries another length: BAD_BEHAVIOR_BAN_TIME" },
    { name: "status-codes", value: "LIST", help: 'tries other statuses: "403 404"' },
    { name: "host", value: "NAME", help: "the Host of lines that name none" },
    { name: "limit", value: "N", help: "shows this many bans at most (default: 50)" },
    JSON_OPTION,
  ],
  notes: [
    "Reads the combined and common formats, with or without a virtual host before them, and a JSON object a line; gzip too, and - for standard input. Bad Behavior itself counts, with the log's clock. Answers that a ban of ours or of BunkerWeb had refused are in the log like any other and count.",
    "A client that looks real is a browser that got pages and what belongs to them. The exit code is 1 when one of those would have been banned.",
  ],
  examples: ["forecast /var/log/nginx/access.log", "forecast access.log.2.gz --threshold 20 --json"],
  async run(args, terminal) {
    const path = args.operands[0] as string;
    const limit = args.integer("limit", 50, 1, 100_000);
    const options = withTrials(optionsFromSettings(args).options, args);
    const log = openLog(path);
    const replay = new Replay(options);
    await replay.ready();
    const host = args.value("host") ?? firstService(options);
    let lines = 0;
    let strange = 0;
    try {
      for await (const line of log.lines()) {
        if (line === "") continue;
        lines++;
        const entry = line.startsWith("{") ? readJsonLine(line) : readCombined(line);
        if (entry === undefined) strange++;
        else await replay.take(entry, host);
        terminal.progress(() => progressOf(log.soFar, lines, replay.banCount));
      }
    } finally {
      terminal.clearProgress();
      replay.close();
    }
    if (replay.requests === 0)
      throw new CliError(
        lines === 0
          ? `${path} is empty`
          : `${path}: none of its ${lines} lines is in the common or combined format, or JSON with time, address and status`,
      );
    const result: ForecastResult = { replay, lines, strange: strange + replay.strange, path };
    if (args.has("json")) terminal.printJson(forecastJson(result));
    else showForecast(terminal, result, limit);
    return replay.bans.some(({ visitor }) => visitor.looksReal) ? EXIT.problem : EXIT.ok;
  },
};

type Tried = Pick<BunkerOptions, "badBehavior">;

// What is tried holds for services with values of their own, too.
function withTrials(options: BunkerOptions, args: Args): BunkerOptions {
  const threshold = args.value("threshold");
  const trials = {
    threshold: threshold === undefined ? undefined : args.integer("threshold", 0, 1, 100_000),
    countTime: args.duration("count-time"),
    banTime: args.duration("ban-time"),
    statusCodes: args.value("status-codes"),
  };
  const tried = Object.fromEntries(Object.entries(trials).filter(([, value]) => value !== undefined));
  if (Object.keys(tried).length === 0) return options;
  const over = <T extends Tried>(of: T): T => {
    const { badBehavior } = of;
    return { ...of, badBehavior: { ...(typeof badBehavior === "object" ? badBehavior : {}), ...tried } };
  };
  const { services } = options;
  if (typeof services !== "object" || Array.isArray(services)) return over(options);
  const own = Object.entries(services as Readonly<Record<string, object>>).map(([name, service]) => [
    name,
    "badBehavior" in service ? over(service as Tried) : service,
  ]);
  return over({ ...options, services: Object.fromEntries(own) as BunkerOptions["services"] });
}

function firstService({ services }: BunkerOptions): string | undefined {
  if (typeof services !== "object") return undefined;
  return Array.isArray(services) ? (services[0] as string | undefined) : Object.keys(services)[0];
}

function progressOf(
  { read, size }: { readonly read: number; readonly size: number | undefined },
  lines: number,
  bans: number,
): string {
  const share = size === undefined || size === 0 ? "" : ` ${Math.floor((read / size) * 100)}%,`;
  return `reading:${share} ${lines} lines, ${bans} bans`;
}
