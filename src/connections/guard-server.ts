import type { Server } from "node:http";
import type { Engine } from "../engine/engine.js";
import { isExpressApp } from "../engine/server-apps.js";
import { guardUpgrades } from "../engine/upgrades.js";
import { allProblemsAtOnce, readOptions, type AnyTable } from "../options/table.js";
import { check, flag } from "../options/check.js";
import type { AppLike } from "../request/request-like.js";
import { ConnectionGuard } from "./connection-guard.js";
import { guardEventStreams } from "./event-streams.js";
import { checkConnections, checkServer, connectionTable, type ConnectionOptions } from "./options.js";

/** Options of `bunker().guard`. */
export interface GuardOptions extends ConnectionOptions {
  /**
   * Also judges connections, before TLS and HTTP: banned and listed clients are dropped without a page, at a fraction of the
   * cost. Default `false`: the middleware responds to them.
   */
  connections?: boolean;
  /**
   * The Express app of the server, whose `trust proxy` then applies to upgrades and to what socket.io takes for itself. Default:
   * the app among the server's listeners, or the app of the first request that reaches the middleware.
   */
  app?: { get(name: string): unknown };
}

const appCheck = check<AppLike>("an Express app", (value) => (isExpressApp(value) ? value : undefined));

export const guardTable = {
  ...connectionTable,
  connections: {
    check: flag(),
    default: false,
    help: "Also judges connections, before TLS and HTTP: banned and listed clients get no page.",
  },
  app: {
    check: appCheck,
    default: undefined,
    help: "The Express app whose `trust proxy` also applies to upgrades; by default the app that serves the requests.",
  },
} satisfies AnyTable;

/**
 * Guards the upgrades and event streams of a server and, with `connections: true`, its connections. The returned function
 * undoes this.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every invalid option
 */
export function guardServer(engine: Engine, server: Server, options: GuardOptions = {}): () => void {
  const resolved = allProblemsAtOnce((report) => {
    checkServer(server, report);
    if (typeof options === "function")
      report({ path: "options", value: options, allowed: "an object of options; an app goes in as { app }" });
    const read = readOptions(guardTable, typeof options === "function" ? {} : options, "", report);
    checkConnections(read, engine.context.options, report);
    return read;
  });
  const { app, connections, proxyProtocol } = resolved;
  if (app !== undefined) engine.apps.give(server, app);
  const appOf = (): AppLike | undefined => engine.apps.ofServer(server);
  // Asked now, because socket.io will take the listeners away.
  appOf();
  const stops = [guardUpgrades(engine, server), guardEventStreams(engine, server)];
  if (connections || proxyProtocol !== false) {
    const guard = new ConnectionGuard(engine.common, server, { ...resolved, appOf }, connections);
    stops.unshift(() => guard.stop());
  }
  return () => {
    for (const stop of stops) stop();
  };
}
