import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { checkAntibot, gateParts, type AntibotParts } from "./antibot/antibot.js";
import { GateProtection } from "./antibot/gate.js";
import {
  antibotTable,
  sessionsCheck,
  type AntibotOptions,
  type AntibotResolved,
  type SessionOptions,
  type SessionResolved,
} from "./antibot/options.js";
import { BadBehaviorProtection } from "./bad-behavior/bad-behavior-protection.js";
import { checkBadBehavior } from "./bad-behavior/bad-behavior.js";
import {
  badBehaviorTable,
  type BadBehaviorOptions,
  type BadBehaviorResolved,
} from "./bad-behavior/options.js";
import { BunkernetProtection } from "./bunkernet/bunkernet-protection.js";
import { bunkernetParts, type BunkernetParts } from "./bunkernet/bunkernet.js";
import {
  bunkernetTable,
  checkBunkernet,
  type BunkernetOptions,
  type BunkernetResolved,
} from "./bunkernet/options.js";
import type { BanList } from "./core/bans/ban-list.js";
import { BanProtection } from "./core/bans/ban-protection.js";
import { Engine, type Middleware, type Running } from "./core/engine.js";
import { mounted } from "./core/mounted.js";
import { explain, type Explanation, type ImaginedRequest } from "./core/explain.js";
import { switched } from "./core/options/switched.js";
import { allProblemsAtOnce, readOptions, type OptionsTable } from "./core/options/table.js";
import type { Protection } from "./core/protection.js";
import { Runtime } from "./core/runtime.js";
import {
  checkTogether,
  sharedTable,
  type SharedOptions,
  type SharedResolved,
} from "./core/shared-options.js";
import { judgeUpgrade } from "./core/upgrade.js";
import { DnsblProtection } from "./dnsbl/dnsbl-protection.js";
import { dnsblParts, type DnsblParts } from "./dnsbl/dnsbl.js";
import { checkDnsbl, dnsblTable, type DnsblOptions, type DnsblResolved } from "./dnsbl/options.js";
import type { Awaitable, Store } from "./store/store.js";
import { guardWhole, type GuardOptions } from "./stream/guard-server.js";

/** Options of {@link bunker}: the shared ones, and a group a protection; `true` = its defaults, `false` = off. */
export interface BunkerOptions<Req extends IncomingMessage = IncomingMessage> extends SharedOptions<Req> {
  /** The gate. Off unless it is given. */
  antibot?: false | AntibotOptions<Req>;
  /** Bans for too many bad answers. On unless it is `false`. */
  badBehavior?: boolean | BadBehaviorOptions<Req>;
  /** Refuses and bans who a DNS blocklist lists. Off unless it is given. */
  dnsbl?: boolean | DnsblOptions;
  /** Refuses whom other sites reported, and reports who is refused here. On unless it is `false`. */
  bunkernet?: boolean | BunkernetOptions;
  /** How the gate keeps passes; the same as `antibot.sessions`. */
  sessions?: SessionOptions | "express-session";
}

/** What {@link bunker} answers. */
export type Bunker = Middleware &
  Running & {
    readonly bans: BanList;
    readonly store: Store;
    readonly antibot: AntibotParts | undefined;
    readonly badBehavior: { readonly bans: BanList } | undefined;
    readonly dnsbl: DnsblParts | undefined;
    readonly bunkernet: BunkernetParts | undefined;
    /**
     * Has every upgrade (WebSocket) of `server` judged before its listeners hear of it, and closes the upgraded connections
     * of clients that are banned later. With `connections: true` clients that bans or lists refuse are dropped before TLS and
     * HTTP. The answer undoes it.
     *
     * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every wrong option
     */
    guard(server: Server, options?: GuardOptions): () => void;
    /**
     * What would become of a request, and why, step by step. Counts, bans, tells and answers nothing.
     *
     * @param subject a request, or a client's address with what it asks for
     * @throws {BunkerBanError} `ERR_BUNKER_BAN_ADDRESS` for an `ip` that is no address, as a rejection
     */
    explain(subject: IncomingMessage | ImaginedRequest): Promise<Explanation>;
    /** Judges an upgrade by all protections: `true` = let it through, `false` = answered and closed. */
    upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Awaitable<boolean>;
  };

interface BunkerResolved extends SharedResolved {
  antibot: AntibotResolved | false;
  badBehavior: BadBehaviorResolved | false;
  dnsbl: DnsblResolved | false;
  sessions: SessionResolved | undefined;
  bunkernet: BunkernetResolved | false;
}

const table: OptionsTable<BunkerResolved> = {
  ...sharedTable,
  antibot: { check: switched(antibotTable, false), default: false, help: "The gate." },
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

/**
 * All protections as one middleware with one verdict: bans, BunkerNet, DNS blocklists, Bad Behavior and the gate.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every wrong option
 * @example app.use(bunker({ antibot: { challenge: "cookie" }, sessions: { secret: process.env.SESSIONS_SECRET } }));
 */
export function bunker<Req extends IncomingMessage = IncomingMessage>(
  options: BunkerOptions<Req> = {},
): Bunker {
  const resolved = allProblemsAtOnce((report) => {
    const read = readOptions(table, options, "", report);
    checkTogether(read, "", report);
    if (read.antibot !== false) {
      if (read.sessions !== undefined) read.antibot.sessions = read.sessions;
      checkAntibot(
        (options.antibot as AntibotOptions | undefined) ?? {},
        read.antibot,
        read.store,
        "antibot",
        report,
      );
    }
    if (read.badBehavior !== false)
      checkBadBehavior(
        read.badBehavior,
        read.antibot !== false || read.badBehavior.gate !== undefined,
        "badBehavior",
        report,
      );
    if (read.dnsbl !== false)
      checkDnsbl(read.dnsbl, read.antibot !== false || read.dnsbl.gate !== undefined, "dnsbl", report);
    if (read.bunkernet !== false)
      checkBunkernet(
        read.bunkernet,
        read.antibot !== false || read.bunkernet.gate !== undefined,
        "bunkernet",
        report,
      );
    return read;
  });
  const runtime = new Runtime(resolved, options as SharedOptions);
  const gate = resolved.antibot === false ? undefined : new GateProtection(runtime, resolved.antibot);
  const gateOf = (): GateProtection | undefined => gate;
  const bans = new BanProtection(runtime, gateOf);
  const protections: Protection[] = [bans];
  const { bunkernet, dnsbl } = resolved;
  const byDefault = options.bunkernet === undefined;
  const network =
    bunkernet === false
      ? undefined
      : new BunkernetProtection(runtime, bunkernet, () => gate ?? bunkernet.gate?.gate, byDefault);
  if (network !== undefined) protections.push(network);
  const lists =
    dnsbl === false ? undefined : new DnsblProtection(runtime, dnsbl, () => gate ?? dnsbl.gate?.gate);
  if (lists !== undefined) protections.push(lists);
  if (resolved.badBehavior !== false)
    protections.push(new BadBehaviorProtection(runtime, resolved.badBehavior, gateOf, bans));
  if (gate !== undefined) protections.push(gate);
  const engine = new Engine(runtime, protections);
  // A connection asks for no page yet: there is nothing that a gate could show.
  const sockets = new Engine(
    runtime,
    protections.filter((protection) => protection !== gate),
  );
  return mounted(engine, {
    bans: runtime.bans,
    store: resolved.store,
    antibot: gate && gateParts(engine, gate),
    badBehavior: resolved.badBehavior === false ? undefined : { bans: runtime.bans },
    dnsbl: lists && dnsblParts(lists),
    bunkernet: network && bunkernetParts(network),
    guard: (server: Server, how?: GuardOptions) => guardWhole(engine, sockets, server, how),
    explain: (subject: IncomingMessage | ImaginedRequest) => explain(engine, subject),
    upgrade: (req: IncomingMessage, socket: Duplex) => judgeUpgrade(engine, req, socket),
  });
}
