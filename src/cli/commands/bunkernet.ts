import { bunkernet, type BunkernetStatus } from "../../bunkernet/index.js";
import { askControl } from "../../control/ask-control.js";
import { bunkernetResult } from "../../control/carry-out.js";
import type { BunkernetResult, Json } from "../../control/messages.js";
import { defaultPath } from "../../control/options.js";
import { MemoryStore } from "../../store/memory-store.js";
import { existsSync } from "node:fs";
import { type Args, JSON_OPTION, type Command } from "../command.js";
import { CliError, EXIT, UsageError, type ExitCode } from "../exit-code.js";
import { optionsFromSettings, SETTINGS_OPTION, storeOf } from "../settings-option.js";
import { printPairs, type Cell } from "../table.js";
import type { Terminal } from "../terminal.js";
import { shownTime } from "../time.js";

const ACTIONS = ["register", "ping", "sync", "status"] as const;
type Action = (typeof ACTIONS)[number];

export const bunkernetCommand: Command = {
  name: "bunkernet",
  takes: "<action>",
  operands: [1, 1],
  summary: "registers with BunkerNet, pings it, fetches its list, shows its status",
  options: [
    { name: "control", value: "PATH", help: "asks the running app with this control socket" },
    SETTINGS_OPTION,
    { name: "cache-dir", value: "DIR", help: "where id and list are kept: the app's cacheDir" },
    JSON_OPTION,
  ],
  notes: [
    "Actions are register, ping, sync and status. register: asks for an id, unless there is one. ping: asks the API whether it is there and knows the id. sync: downloads the list now. status: what a running app knows.",
    "A running app is asked where there is one: --control, else EXPRESS_BUNKER_CONTROL, else ./.express-bunker.sock. Without one the API of the settings is called from here; the id is then kept in their Redis, or in --cache-dir. The API is told this machine's address, and nobody else's.",
  ],
  examples: ["bunkernet status", "bunkernet register --settings variables.env --cache-dir /var/cache/app"],
  async run(args, terminal) {
    const action = args.operands[0] as Action;
    if (!ACTIONS.includes(action))
      throw new UsageError(`bunkernet takes one of ${ACTIONS.join(", ")}; got "${action}"`);
    const control = controlOf(args);
    const result =
      control === undefined
        ? await callApi(action, args)
        : await askControl(control, { command: "bunkernet", action });
    if (args.has("json")) terminal.printJson(result);
    else show(terminal, action, result);
    return outcomeOf(action, result.status);
  },
};

function controlOf(args: Args): string | undefined {
  const named = args.value("control") ?? args.env["EXPRESS_BUNKER_CONTROL"];
  if (named !== undefined && named !== "") return named;
  if (args.has("settings") || args.has("cache-dir")) return undefined;
  const path = defaultPath({});
  return existsSync(path) ? path : undefined;
}

async function callApi(action: Action, args: Args): Promise<Json<BunkernetResult>> {
  if (action === "status")
    throw new CliError(
      "there is no running app to ask: --control PATH names the socket that bunker().control({ path }) opened",
      EXIT.unreachable,
    );
  const { options, redis } = optionsFromSettings(args);
  if (options.bunkernet === false)
    throw new CliError("BunkerNet is off in these settings (USE_BUNKERNET=no)");
  const cacheDir = args.value("cache-dir") ?? options.cacheDir;
  if (redis === undefined && cacheDir === undefined)
    throw new UsageError(`the id must be kept somewhere: --cache-dir DIR, or settings with USE_REDIS=yes`);
  const store = redis === undefined ? new MemoryStore() : storeOf(redis);
  const own = typeof options.bunkernet === "object" ? options.bunkernet : {};
  const network = bunkernet({ ...own, report: false, store, cacheDir, logger: false });
  try {
    const result = await bunkernetResult(network, action);
    return JSON.parse(JSON.stringify(result)) as Json<BunkernetResult>;
  } catch (error) {
    throw new CliError(
      `the BunkerNet API did not do it: ${error instanceof Error ? error.message : String(error)}`,
      EXIT.unreachable,
    );
  } finally {
    await network.close();
    await store.close?.();
  }
}

function outcomeOf(action: Action, { registered, list, reports }: Json<BunkernetStatus>): ExitCode {
  if (action === "sync") return list.problem === undefined ? EXIT.ok : EXIT.unreachable;
  if (action === "status")
    return registered && list.problem === undefined && reports.problem === undefined ? EXIT.ok : EXIT.problem;
  return EXIT.ok;
}

function show(terminal: Terminal, action: Action, { status, pong }: Json<BunkernetResult>): void {
  const { server, registered, quiet, list, reports } = status;
  const pairs: [string, Cell][] = [
    ["Server", server],
    ["Registered", registered ? { text: "yes", style: "green" } : { text: "no", style: "yellow" }],
  ];
  if (pong !== undefined) pairs.push(["Answer", pong]);
  if (quiet) pairs.push(["Traffic", "none: it is on only by default, and this is a test or CI run"]);
  if (action === "sync" || action === "status") {
    pairs.push([
      "List",
      list.state === "none" ? "none has come yet" : `${list.entries} entries ${list.state}`,
    ]);
    if (list.refused > 0) pairs.push(["Left out", `${list.refused} entries`]);
    if (list.checked !== undefined) pairs.push(["Checked", shownTime(list.checked)]);
    if (list.problem !== undefined) pairs.push(["Problem", { text: list.problem, style: "red" }]);
  }
  if (action === "status") {
    pairs.push(["Reports", `${reports.queued} waiting, ${reports.delivered} delivered`]);
    if (reports.problem !== undefined) pairs.push(["Problem", { text: reports.problem, style: "red" }]);
  }
  printPairs(terminal, pairs);
}
