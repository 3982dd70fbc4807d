import type { Server } from "node:net";
import { bunkernetParts, type BunkernetParts } from "../bunkernet/bunkernet.js";
import type { BanList } from "../bans/ban-list.js";
import { Composition } from "../bunker/compose.js";
import { checkProtections, protectionsTable, type BunkerOptions } from "../bunker/options.js";
import type { Running } from "../engine/engine.js";
import { allProblemsAtOnce, readOptions } from "../options/table.js";
import { Context } from "../engine/context.js";
import { checkTogether, sharedTable, type SharedOptions } from "../engine/shared-options.js";
import type { DnsblParts } from "../dnsbl/dnsbl-parts.js";
import { ConnectionGuard, type ConnectionStatus } from "../connections/connection-guard.js";
import {
  checkConnections,
  checkServer,
  connectionTable,
  type ConnectionOptions,
} from "../connections/options.js";

/**
 * Options of {@link streamGuard}: the shared ones, those of connections, and a group for each protection. Only refused
 * connections count as bad behavior, as status 444.
 */
export interface StreamGuardOptions
  extends SharedOptions, ConnectionOptions, Pick<BunkerOptions, "badBehavior" | "dnsbl" | "bunkernet"> {}

/** The result of {@link streamGuard}: calling it stops guarding the server; `close()` also stops all background work. */
export type StreamGuard = (() => void) &
  Running & {
    readonly bans: BanList;
    readonly dnsbl: DnsblParts | undefined;
    readonly bunkernet: BunkernetParts | undefined;
    /** Counters of connections. */
    status(): ConnectionStatus;
  };

/** The options of {@link streamGuard}. */
export const streamTable = {
  ...sharedTable,
  ...connectionTable,
  ...protectionsTable,
  badBehavior: { ...protectionsTable.badBehavior, help: "Bans clients for refused connections." },
};

/**
 * Refuses connections to any TCP, TLS or HTTP server before the server sees them: of banned clients, and of clients that
 * BunkerNet or a DNS blocklist lists. With the same `store` it shares its bans with middlewares. Guard a server before it
 * listens.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every invalid option
 * @example streamGuard(server, { store, proxyProtocol: { from: "10.0.0.0/8" } });
 */
export function streamGuard(server: Server, options: StreamGuardOptions = {}): StreamGuard {
  const resolved = allProblemsAtOnce((report) => {
    checkServer(server, report);
    const read = readOptions(streamTable, options, "", report);
    checkTogether(read, "", report);
    checkConnections(read, read, report);
    checkProtections(read, false, "", report);
    return read;
  });
  const context = new Context(resolved, options);
  // A connection has no page on which a client could be challenged.
  const common = {
    ...resolved,
    antibot: false as const,
    badBehavior: resolved.badBehavior && { ...resolved.badBehavior, gate: undefined },
    dnsbl: resolved.dnsbl && { ...resolved.dnsbl, gate: undefined },
    bunkernet: resolved.bunkernet && { ...resolved.bunkernet, gate: undefined },
  };
  const { engine, dnsbl, bunkernet } = new Composition(context, {
    common,
    bunkernetByDefault: options.bunkernet === undefined,
  });
  const guard = new ConnectionGuard(engine.common, server, resolved);
  const guarded = Object.assign(() => guard.stop(), {
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
  return engine.isOf(guarded);
}
