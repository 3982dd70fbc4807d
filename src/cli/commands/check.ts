import type { CheckResult, Json } from "../../control/messages.js";
import { MemoryStore } from "../../store/memory-store.js";
import { type Args, JSON_OPTION, type Command } from "../command.js";
import { EXIT } from "../exit-code.js";
import { findTarget, TARGET_NOTES, TARGET_OPTIONS } from "../find-target.js";
import { databasesOf, DATABASE_OPTIONS } from "../lookups-of.js";
import { requireAddress } from "../operands.js";
import { StoreTarget } from "../store-target.js";
import { printPairs, printTable, type Cell } from "../table.js";
import { printable } from "../../printable.js";
import type { Style, Terminal } from "../terminal.js";

export const checkCommand: Command = {
  name: "check",
  takes: "<address>",
  operands: [1, 1],
  summary: "predicts what would happen to an address's request, and why",
  options: [
    { name: "url", value: "URL", help: "what it asks for (default: /)" },
    { name: "host", value: "NAME", help: "the Host that it asks" },
    { name: "user-agent", value: "TEXT", help: "the browser that it claims to be" },
    JSON_OPTION,
    ...DATABASE_OPTIONS,
    ...TARGET_OPTIONS,
  ],
  notes: [
    "Shown are every protection's verdict, each DNS blocklist with its code and its reason, the address's names and whether they lead back to it, and its network and country where a database is configured. Nobody is counted, banned or reported. The exit code is 1 when the request would be refused or challenged.",
    "Without an app or Redis the settings alone are asked. BunkerNet's list is a running app's.",
    ...TARGET_NOTES,
  ],
  examples: ["check 192.0.2.7", "check 192.0.2.7 --url /login --host www.example.com --json"],
  async run(args, terminal) {
    const ip = requireAddress(args);
    const target =
      (await findTarget(args)) ??
      new StoreTarget(new MemoryStore(), "the settings alone: bans are not known", args);
    try {
      const headers = headersOf(args);
      // What a running app does not know of the address may be known here.
      const { asn, country } = databasesOf(args);
      const asked = await target.ask({ command: "check", ip, url: args.value("url"), headers });
      const known = { asn: await asn?.(ip), country: await country?.(ip) };
      const address = { ...(known as Partial<typeof asked.address>), ...asked.address };
      const result = { ...asked, address };
      if (args.has("json")) terminal.printJson(result);
      else show(terminal, target.where, result);
      return result.explanation.verdict === "pass" ? EXIT.ok : EXIT.problem;
    } finally {
      await target.close();
    }
  },
};

function headersOf(args: Args): Record<string, string> {
  const host = args.value("host");
  const userAgent = args.value("user-agent");
  return {
    ...(host === undefined ? {} : { host }),
    ...(userAgent === undefined ? {} : { "user-agent": userAgent }),
  };
}

const STYLES: Readonly<Record<string, Style>> = {
  pass: "green",
  clean: "green",
  deny: "red",
  listed: "red",
  challenge: "yellow",
  error: "yellow",
};

function verdictCell(verdict: string): Cell {
  const style = STYLES[verdict];
  return style === undefined ? verdict : { text: verdict, style };
}

function show(terminal: Terminal, where: string, { explanation, address }: Json<CheckResult>): void {
  const { client, steps, verdict, by, mode } = explanation;
  const title = (text: string): void => terminal.print(terminal.styled("bold", text));
  const pairs: [string, Cell][] = [
    ["Address", client.ip],
    ["Asked", where],
    ["Service", client.service ?? "none: the Host is unknown"],
    ["Names", namesText(address.names)],
  ];
  if (client.key !== client.ip) pairs.push(["Counted as", client.key]);
  if (!client.isGlobal) pairs.push(["Kind", "not a global address: never banned, unless banLocal is set"]);
  if (client.isProxy) pairs.push(["Kind", "a trusted proxy: never banned"]);
  if (address.asn !== undefined) pairs.push(["Network", `AS${address.asn}`]);
  if (address.country !== undefined) pairs.push(["Country", address.country]);
  printPairs(terminal, pairs);
  terminal.print();
  title("What each protection says");
  printTable(
    terminal,
    ["PROTECTION", "VERDICT", "WHY"],
    steps.map((step) => [
      step.protection,
      verdictCell(step.verdict),
      `${step.reason}${detail(step.data)}${step.reached ? "" : " (not asked: decided before)"}`,
    ]),
  );
  if (address.zones.length > 0) {
    terminal.print();
    title("DNS blocklists");
    printTable(
      terminal,
      ["ZONE", "VERDICT", "CODE", "REASON"],
      address.zones.map((zone) => [zone.zone, verdictCell(zone.verdict), zone.code ?? "", zone.text ?? ""]),
    );
  }
  terminal.print();
  const style = STYLES[verdict] ?? "bold";
  const decided = by === undefined ? "nobody has anything against it" : `by ${by}`;
  const only = mode === "detect" && verdict !== "pass" ? "; in detect mode it is only reported" : "";
  terminal.print(`${terminal.styled(style, OUTCOMES[verdict])}: ${printable(decided)}${only}`);
}

const OUTCOMES = { pass: "It would pass", deny: "It would be refused", challenge: "It would be challenged" };

function namesText(names: Json<CheckResult>["address"]["names"]): Cell {
  if (names === undefined) return { text: "DNS could not be asked", style: "yellow" };
  if (names.length === 0) return "none";
  return names
    .map(({ name, confirmed }) => `${name} (${confirmed ? "confirmed" : "not confirmed"})`)
    .join(", ");
}

function detail(data: unknown): string {
  if (typeof data !== "object" || data === null) return typeof data === "string" ? `: ${data}` : "";
  const said = Object.entries(data as Record<string, unknown>)
    .filter(([, value]) => typeof value === "string" || typeof value === "number")
    .filter(([name]) => SHOWN.has(name))
    .map(([name, value]) => `${name} ${String(value)}`);
  return said.length === 0 ? "" : `: ${said.join(", ")}`;
}

const SHOWN = new Set(["scope", "expires", "zone", "code", "host", "threshold", "countTime", "kind"]);
