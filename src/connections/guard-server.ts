import type { Server } from "node:http";
import type { Engine } from "../engine/engine.js";
import { guardUpgrades } from "../engine/upgrades.js";
import { allProblemsAtOnce, readOptions, type AnyTable } from "../options/table.js";
import { flag } from "../options/check.js";
import { ConnectionGuard } from "./connection-guard.js";
import { checkConnections, checkServer, connectionTable, type ConnectionOptions } from "./options.js";

/** Options of `bunker().guard`. */
export interface GuardOptions extends ConnectionOptions {
  /**
   * Also judges connections, before TLS and HTTP: banned and listed clients are dropped without a page, at a fraction of the
   * cost. Default `false`: the middleware responds to them.
   */
  connections?: boolean;
}

export const guardTable = {
  ...connectionTable,
  connections: {
    check: flag(),
    default: false,
    help: "Also judges connections, before TLS and HTTP: banned and listed clients get no page.",
  },
} satisfies AnyTable;

/**
 * Guards the upgrades of a server and, with `connections: true`, its connections. The returned function undoes this.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every invalid option
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
