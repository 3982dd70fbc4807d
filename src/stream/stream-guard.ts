import type { Server } from "node:net";
import { checkBadBehavior } from "../bad-behavior/bad-behavior.js";
import {
  badBehaviorTable,
  type BadBehaviorOptions,
  type BadBehaviorResolved,
} from "../bad-behavior/options.js";
import { bunkernetParts, type BunkernetParts } from "../bunkernet/bunkernet.js";
import {
  bunkernetTable,
  checkBunkernet,
  type BunkernetOptions,
  type BunkernetResolved,
} from "../bunkernet/options.js";
import type { BanList } from "../bans/ban-list.js";
import { Composition } from "../bunker/compose.js";
import type { Running } from "../engine/engine.js";
import { switched, allProblemsAtOnce, readOptions, type OptionsTable } from "../options/table.js";
import { Context } from "../engine/context.js";
import {
  checkTogether,
  sharedTable,
  type SharedOptions,
  type SharedResolved,
} from "../engine/shared-options.js";
import type { DnsblParts } from "../dnsbl/dnsbl-protection.js";
import { checkDnsbl, dnsblTable, type DnsblOptions, type DnsblResolved } from "../dnsbl/options.js";
import { ConnectionGuard, type ConnectionStatus } from "../connections/connection-guard.js";
import {
  checkConnections,
  checkServer,
  connectionTable,
  type ConnectionOptions,
  type ConnectionResolved,
} from "../connections/options.js";

/** Options of {@link streamGuard}: the shared ones, those of connections, and a group a protection. */
export interface StreamGuardOptions extends SharedOptions, ConnectionOptions {
  /** Bans for refused connections, the only thing that counts here (as 444). On unless it is `false`. */
  badBehavior?: boolean | BadBehaviorOptions;
  /** Refuses and bans who a DNS blocklist lists. Off unless it is given. */
  dnsbl?: boolean | DnsblOptions;
  /** Refuses whom other sites reported to BunkerNet. On unless it is `false`. */
  bunkernet?: boolean | BunkernetOptions;
}

/** What {@link streamGuard} answers: calling it lets the server alone again; `close()` does so, too, and stops everything. */
export type StreamGuard = (() => void) &
  Running & {
    readonly bans: BanList;
    readonly dnsbl: DnsblParts | undefined;
    readonly bunkernet: BunkernetParts | undefined;
    /** How connections fared, in figures. */
    status(): ConnectionStatus;
  };

interface StreamResolved extends SharedResolved, ConnectionResolved {
  badBehavior: BadBehaviorResolved | false;
  dnsbl: DnsblResolved | false;
  bunkernet: BunkernetResolved | false;
}

/** The options of {@link streamGuard}. */
export const streamTable: OptionsTable<StreamResolved> = {
  ...sharedTable,
  ...connectionTable,
  badBehavior: {
    check: switched(badBehaviorTable),
    default: () => readOptions(badBehaviorTable, {}, "", () => undefined),
    help: "Bans clients for refused connections.",
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
};

/**
 * Refuses connections to any TCP, TLS or HTTP server before the server hears of them: banned clients, and whom BunkerNet or
 * a DNS blocklist lists. With the same `store` it shares its bans with middlewares. Guard a server before it listens.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every wrong option
 * @example streamGuard(server, { store, proxyProtocol: { from: "10.0.0.0/8" } });
 */
export function streamGuard(server: Server, options: StreamGuardOptions = {}): StreamGuard {
  const resolved = allProblemsAtOnce((report) => {
    checkServer(server, report);
    const read = readOptions(streamTable, options, "", report);
    checkTogether(read, "", report);
    checkConnections(read, read, report);
    if (read.badBehavior !== false)
      checkBadBehavior(read.badBehavior, read.badBehavior.gate !== undefined, "badBehavior", report);
    if (read.dnsbl !== false) checkDnsbl(read.dnsbl, read.dnsbl.gate !== undefined, "dnsbl", report);
    if (read.bunkernet !== false)
      checkBunkernet(read.bunkernet, read.bunkernet.gate !== undefined, "bunkernet", report);
    return read;
  });
  const context = new Context(resolved, options);
  // A connection has no page on which a client could be challenged.
  const common = {
    ...resolved,
    antibot: false as const,
    dnsbl: resolved.dnsbl && { ...resolved.dnsbl, gate: undefined },
    bunkernet: resolved.bunkernet && { ...resolved.bunkernet, gate: undefined },
  };
  const { engine, dnsbl, bunkernet } = new Composition(context, {
    common,
    bunkernetByDefault: options.bunkernet === undefined,
  });
  const guard = new ConnectionGuard(engine.common, server, resolved);
  return Object.assign(() => guard.stop(), {
    events: engine.events,
    ready: () => engine.ready(),
    health: () => engine.health(),
    close: () => {
      guard.stop();
      return engine.close();
    },
    bans: context.bans,
    dnsbl: dnsbl?.parts,
    bunkernet: bunkernet && bunkernetParts(bunkernet),
    status: () => guard.status,
  });
}
