import type { Server } from "node:http";
import type { Engine } from "../engine/engine.js";
import { guardUpgrades } from "../engine/upgrades.js";
import { allProblemsAtOnce, readOptions, type OptionsTable } from "../options/table.js";
import { flag } from "../options/check.js";
import { ConnectionGuard } from "./connection-guard.js";
import {
  checkConnections,
  checkServer,
  connectionTable,
  type ConnectionOptions,
  type ConnectionResolved,
} from "./options.js";

/** Options of `bunker().guard`. */
export interface GuardOptions extends ConnectionOptions {
  /**
   * Judges connections, too, before TLS and HTTP: banned and listed clients are dropped without a page, at a fraction of the
   * cost. Default `false`: they get their answer from the middleware.
   */
  connections?: boolean;
}

interface GuardResolved extends ConnectionResolved {
  connections: boolean;
}

/** The options of `guard()`. */
export const guardTable: OptionsTable<GuardResolved> = {
  ...connectionTable,
  connections: {
    check: flag(),
    default: false,
    help: "Also judges connections, before TLS and HTTP: banned and listed clients get no page.",
  },
};

/**
 * Guards a server's upgrades and, if asked, its connections.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every wrong option
 */
export function guardServer(engine: Engine, server: Server, options: GuardOptions = {}): () => void {
  const resolved = allProblemsAtOnce((report) => {
    checkServer(server, report);
    const read = readOptions(guardTable, options, "", report);
    checkConnections(read, engine.context.options, report);
    return read;
  });
  const stopUpgrades = guardUpgrades(engine, server);
  const { connections, proxyProtocol } = resolved;
  if (!connections && proxyProtocol === false) return stopUpgrades;
  const guard = new ConnectionGuard(engine.common, server, resolved, connections);
  return () => {
    guard.stop();
    stopUpgrades();
  };
}
