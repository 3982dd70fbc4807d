import type { IncomingMessage } from "node:http";
import type * as AntibotModule from "../antibot/antibot.js";
import type * as AntibotOptionsModule from "../antibot/options.js";
import type { AntibotOptions, SessionOptions } from "../antibot/options.js";
import { checkBadBehavior } from "../bad-behavior/bad-behavior.js";
import { badBehaviorTable, type BadBehaviorOptions } from "../bad-behavior/options.js";
import { bunkernetTable, checkBunkernet, type BunkernetOptions } from "../bunkernet/options.js";
import type { OptionProblem } from "../errors.js";
import { flag, lazyCheck, type ReportProblem } from "../options/check.js";
import { readOptions, switched, type AnyTable, type Resolved } from "../options/table.js";
import { checkTogether, sharedTable, type SharedOptions } from "../engine/shared-options.js";
import { checkDnsbl, dnsblTable, type DnsblOptions } from "../dnsbl/options.js";
import { ownOptionsOf, SERVICE_OPTIONS, serviceOptionsOf, type ServiceOptions } from "./service-options.js";

/** Options of `bunker()`: the shared ones, and a group for each protection; `true` = its defaults, `false` = off. */
export interface BunkerOptions<Req extends IncomingMessage = IncomingMessage> extends SharedOptions<Req> {
  /** The gate. Default `false`. Setting `USE_ANTIBOT`, which is `antibot.challenge`. */
  antibot?: false | AntibotOptions<Req>;
  /** Bans clients for too many bad status codes. Default `true`. Setting `USE_BAD_BEHAVIOR`. */
  badBehavior?: boolean | BadBehaviorOptions<Req>;
  /** Refuses and bans clients that a DNS blocklist lists. Default `false`. Setting `USE_DNSBL`. */
  dnsbl?: boolean | DnsblOptions;
  /** Refuses clients that other sites reported, and reports clients that are refused here. Default `true`. Setting `USE_BUNKERNET`. */
  bunkernet?: boolean | BunkernetOptions;
  /** How the gate keeps passes; the same as `antibot.sessions`. */
  sessions?: SessionOptions | "express-session";
  /** Whether the traffic is watched for signs that visitors are refused by mistake, which are raised as warnings. Default `true`. */
  watch?: boolean;
  /**
   * The services, told apart by Host: names, or names with their aliases and with options of their own. Settings
   * `SERVER_NAME` and `MULTISITE`.
   */
  services?: readonly string[] | Readonly<Record<string, ServiceOptions<Req>>>;
}

/** The protections that judge connections as well as requests. */
export const protectionsTable = {
  badBehavior: {
    check: switched(badBehaviorTable),
    default: () => readOptions(badBehaviorTable, {}, "", () => undefined),
    help: "Bans clients for too many bad status codes.",
  },
  dnsbl: {
    check: switched(dnsblTable),
    default: false,
    help: "Refuses and bans clients that a DNS blocklist lists.",
  },
  bunkernet: {
    check: switched(bunkernetTable),
    default: () => readOptions(bunkernetTable, {}, "", () => undefined),
    help: "Refuses clients that other sites reported.",
  },
} satisfies AnyTable;

// The gate is half of the package, so its options are loaded with the first gate.
function antibotOptions(): typeof AntibotOptionsModule {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require("../antibot/options.js") as typeof AntibotOptionsModule;
}

const table = {
  ...sharedTable,
  antibot: {
    check: lazyCheck(() => switched(antibotOptions().antibotTable, '{ challenge: "javascript" }')),
    default: false,
    help: "The gate.",
  },
  ...protectionsTable,
  sessions: {
    check: lazyCheck(() => antibotOptions().sessionsCheck),
    default: undefined,
    help: "How the gate keeps passes.",
  },
  watch: {
    check: flag(),
    default: true,
    help: "Watches the traffic for signs that visitors are refused by mistake.",
  },
} satisfies AnyTable;

const serviceTable = Object.fromEntries(SERVICE_OPTIONS.map((name) => [name, table[name]])) as Pick<
  typeof table,
  (typeof SERVICE_OPTIONS)[number]
>;

/** {@link BunkerOptions} read and checked, for all services together or for one. */
type BunkerResolved = Resolved<typeof table>;

/** The options of all protections, for all services together or for one; `false` = off. */
export type ProtectionOptions = Omit<BunkerResolved, "sessions" | "watch">;

/** The resolved options of `bunker()`. */
export interface BunkerSetup {
  readonly common: BunkerResolved;
  /** The services that have options of their own. */
  readonly services: ReadonlyMap<string, BunkerResolved>;
}

/** Reads the options of `bunker()`: those of all services together, and those of each. */
export function readBunkerOptions(options: unknown, report: ReportProblem): BunkerSetup {
  const input = (options ?? {}) as Input;
  const seen = new Set<string>();
  const reportCommon: ReportProblem = (problem) => {
    seen.add(problem.path);
    report(withSharedPlace(problem));
  };
  const common = readOptions(table, options, "", reportCommon);
  checkTogether(common, "", reportCommon);
  checkGateAndProtections(input, common, "", reportCommon);
  const services = new Map<string, BunkerResolved>();
  for (const [name, own] of ownOptionsOf(input["services"])) {
    const prefix = `services.${name}`;
    const merged = serviceOptionsOf(input, own);
    // A problem of the common options is reported once, not again for each service that inherits it.
    const reportNew: ReportProblem = (problem) => {
      if (!seen.has(problem.path.slice(prefix.length + 1))) report(withSharedPlace(problem));
    };
    const read = { ...common, ...readOptions(serviceTable, merged, prefix, reportNew) };
    checkGateAndProtections(merged, read, prefix, reportNew);
    services.set(name, read);
  }
  return { common, services };
}

/** The options that a middleware of `bunker()` was made with. */
export interface OptionsInForce {
  /** As they were given. */
  readonly input: unknown;
  readonly setup: BunkerSetup;
  readonly table: AnyTable;
  /** The options that a service may have of its own. */
  readonly serviceTable: AnyTable;
}

const inForce = new WeakMap<object, OptionsInForce>();

/** Has {@link optionsInForce} find the options of `guard`. Returns the guard. */
export function withOptions<Guard extends object>(guard: Guard, input: unknown, setup: BunkerSetup): Guard {
  inForce.set(guard, { input, setup, table, serviceTable });
  return guard;
}

/** Returns the options of what `bunker()` has returned; `undefined` for anything else. */
export function optionsInForce(guard: object): OptionsInForce | undefined {
  return inForce.get(guard);
}

type Input = Readonly<Record<string, unknown>>;

// On their own, the protections take the shared options among theirs; in bunker() these are given once, for all protections.
function withSharedPlace(problem: OptionProblem): OptionProblem {
  const [, part, name = ""] =
    /(?:^|\.)(antibot|badBehavior|dnsbl|bunkernet)\.(\w+)$/.exec(problem.path) ?? [];
  if (part === undefined || !Object.hasOwn(sharedTable, name)) return problem;
  return { path: problem.path, value: problem.value, allowed: `${name} beside ${part}, not in it` };
}

function checkGateAndProtections(
  input: Input,
  options: BunkerResolved,
  prefix: string,
  report: ReportProblem,
): void {
  const { antibot, sessions, store } = options;
  if (antibot !== false) {
    if (sessions !== undefined) antibot.sessions = sessions;
    const at = prefix === "" ? "antibot" : `${prefix}.antibot`;
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const { checkAntibot } = require("../antibot/antibot.js") as typeof AntibotModule;
    checkAntibot({ input: input["antibot"] ?? {}, options: antibot, store, prefix: at }, report);
  }
  checkProtections(options, antibot !== false, prefix, report);
}

/** Checks options of the protections that depend on each other. */
export function checkProtections(
  { badBehavior, dnsbl, bunkernet }: Resolved<typeof protectionsTable>,
  hasGate: boolean,
  prefix: string,
  report: ReportProblem,
): void {
  const at = (name: string): string => (prefix === "" ? name : `${prefix}.${name}`);
  if (badBehavior !== false)
    checkBadBehavior(badBehavior, hasGate || badBehavior.gate !== undefined, at("badBehavior"), report);
  if (dnsbl !== false) checkDnsbl(dnsbl, hasGate || dnsbl.gate !== undefined, at("dnsbl"), report);
  if (bunkernet !== false)
    checkBunkernet(bunkernet, hasGate || bunkernet.gate !== undefined, at("bunkernet"), report);
}
