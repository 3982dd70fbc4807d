import type { IncomingMessage } from "node:http";
import { checkAntibot } from "../antibot/antibot.js";
import {
  antibotTable,
  sessionsCheck,
  type AntibotOptions,
  type SessionOptions,
  type SessionResolved,
} from "../antibot/options.js";
import type { ProtectionOptions } from "./compose.js";
import { checkBadBehavior } from "../bad-behavior/bad-behavior.js";
import { badBehaviorTable, type BadBehaviorOptions } from "../bad-behavior/options.js";
import { bunkernetTable, checkBunkernet, type BunkernetOptions } from "../bunkernet/options.js";
import type { OptionProblem } from "../errors.js";
import type { ReportProblem } from "../options/check.js";
import { switched, readOptions, type OptionsTable } from "../options/table.js";
import { checkTogether, sharedTable, type SharedOptions } from "../engine/shared-options.js";
import { checkDnsbl, dnsblTable, type DnsblOptions } from "../dnsbl/options.js";
import { ownOptionsOf, SERVICE_OPTIONS, serviceOptionsOf, type ServiceOptions } from "./service-options.js";

/** Options of `bunker()`: the shared ones, and a group a protection; `true` = its defaults, `false` = off. */
export interface BunkerOptions<Req extends IncomingMessage = IncomingMessage> extends SharedOptions<Req> {
  /** The gate. Off unless it is given. Setting `USE_ANTIBOT`, which is `antibot.challenge`. */
  antibot?: false | AntibotOptions<Req>;
  /** Bans for too many bad answers. On unless it is `false`. Setting `USE_BAD_BEHAVIOR`. */
  badBehavior?: boolean | BadBehaviorOptions<Req>;
  /** Refuses and bans who a DNS blocklist lists. Off unless it is given. Setting `USE_DNSBL`. */
  dnsbl?: boolean | DnsblOptions;
  /** Refuses whom other sites reported, and reports who is refused here. On unless it is `false`. Setting `USE_BUNKERNET`. */
  bunkernet?: boolean | BunkernetOptions;
  /** How the gate keeps passes; the same as `antibot.sessions`. */
  sessions?: SessionOptions | "express-session";
  /**
   * The services told apart by Host: names, or names with their aliases and with options of their own. Settings
   * `SERVER_NAME` and `MULTISITE`.
   */
  services?: readonly string[] | Readonly<Record<string, ServiceOptions<Req>>>;
}

/** {@link BunkerOptions} read and checked, for all services together or for one. */
type BunkerResolved = ProtectionOptions & { sessions: SessionResolved | undefined };

const table: OptionsTable<BunkerResolved> = {
  ...sharedTable,
  antibot: {
    check: switched(antibotTable, '{ challenge: "javascript" }'),
    default: false,
    help: "The gate.",
  },
  badBehavior: {
    check: switched(badBehaviorTable),
    default: () => readOptions(badBehaviorTable, {}, "", () => undefined),
    help: "Bans for too many bad answers.",
  },
  dnsbl: { check: switched(dnsblTable), default: false, help: "Who a DNS blocklist lists." },
  bunkernet: {
    check: switched(bunkernetTable),
    default: () => readOptions(bunkernetTable, {}, "", () => undefined),
    help: "Whom other sites reported.",
  },
  sessions: { check: sessionsCheck, default: undefined, help: "How the gate keeps passes." },
};

const serviceTable = Object.fromEntries(SERVICE_OPTIONS.map((name) => [name, table[name]])) as OptionsTable<
  Pick<BunkerResolved, (typeof SERVICE_OPTIONS)[number]>
>;

/** What the options of `bunker()` amount to. */
export interface BunkerSetup {
  readonly common: BunkerResolved;
  /** The services that have options of their own. */
  readonly services: ReadonlyMap<string, BunkerResolved>;
}

/** Reads the options of `bunker()`: those of all services together, and those of each. */
export function readBunkerOptions(options: unknown, report: ReportProblem): BunkerSetup {
  const given = (options ?? {}) as Given;
  const seen = new Set<string>();
  const note: ReportProblem = (problem) => {
    seen.add(problem.path);
    report(withHome(problem));
  };
  const common = readOptions(table, options, "", note);
  checkTogether(common, "", note);
  checkProtections(given, common, "", note);
  const services = new Map<string, BunkerResolved>();
  for (const [name, own] of ownOptionsOf(given["services"])) {
    const prefix = `services.${name}`;
    const merged = serviceOptionsOf(given, own);
    // What is wrong for all has been said.
    const news: ReportProblem = (problem) => {
      if (!seen.has(problem.path.slice(prefix.length + 1))) report(withHome(problem));
    };
    const read = { ...common, ...readOptions(serviceTable, merged, prefix, news) };
    checkProtections(merged, read, prefix, news);
    services.set(name, read);
  }
  return { common, services };
}

type Given = Readonly<Record<string, unknown>>;

// The protections alone take the shared options among their own: here those are given once, for all of them.
function withHome(problem: OptionProblem): OptionProblem {
  const [, part, name = ""] =
    /(?:^|\.)(antibot|badBehavior|dnsbl|bunkernet)\.(\w+)$/.exec(problem.path) ?? [];
  if (part === undefined || !Object.hasOwn(sharedTable, name)) return problem;
  return { path: problem.path, value: problem.value, allowed: `${name} beside ${part}, not in it` };
}

// What only several options together can get wrong, for all or for one service.
function checkProtections(given: Given, read: BunkerResolved, prefix: string, report: ReportProblem): void {
  const at = (name: string): string => (prefix === "" ? name : `${prefix}.${name}`);
  const { antibot, badBehavior, dnsbl, bunkernet } = read;
  const gated = antibot !== false;
  if (antibot !== false) {
    if (read.sessions !== undefined) antibot.sessions = read.sessions;
    const input = given["antibot"] ?? {};
    checkAntibot({ input, options: antibot, store: read.store, prefix: at("antibot") }, report);
  }
  if (badBehavior !== false)
    checkBadBehavior(badBehavior, gated || badBehavior.gate !== undefined, at("badBehavior"), report);
  if (dnsbl !== false) checkDnsbl(dnsbl, gated || dnsbl.gate !== undefined, at("dnsbl"), report);
  if (bunkernet !== false)
    checkBunkernet(bunkernet, gated || bunkernet.gate !== undefined, at("bunkernet"), report);
}
