import type { IncomingMessage, ServerResponse } from "node:http";
import type { Running } from "../engine/engine.js";
import { allProblemsAtOnce, readOptions } from "../options/table.js";
import { bunkernetServerTable, checkBunkernetServer, type BunkernetServerOptions } from "./options.js";
import { BunkernetServer, type BunkernetServerStatus } from "./server.js";

/** Connect middleware that also is a listener for `node:http`: without `next`, unknown paths are answered 404. */
export type BunkernetListener = (
  req: IncomingMessage,
  res: ServerResponse,
  next?: (err?: unknown) => void,
) => void;

/** What {@link bunkernetServer} answers. */
export type BunkernetServerMiddleware = BunkernetListener &
  Running & {
    /** How the server fares, in figures. */
    status(): BunkernetServerStatus;
    /** Reads everything in the store anew; only needed after somebody else changed it. */
    sync(): Promise<void>;
  };

/**
 * A BunkerNet server of your own: instances register, report, and get the list of addresses that enough of them reported.
 * It speaks the protocol of BunkerWeb's API: `POST /register`, `GET /ping`, `GET /db`, `POST /report`.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every wrong option
 * @example createServer(bunkernetServer({ store })).listen(8080);
 */
export function bunkernetServer(options: BunkernetServerOptions = {}): BunkernetServerMiddleware {
  const resolved = allProblemsAtOnce((report) => {
    const read = readOptions(bunkernetServerTable, options, "", report);
    checkBunkernetServer(read, report);
    return read;
  });
  const server = new BunkernetServer(resolved);
  const listener: BunkernetListener = (req, res, next) => server.handle(req, res, next);
  return Object.assign(listener, {
    events: server.events,
    ready: () => server.ready(),
    health: () => server.health(),
    close: () => server.close(),
    status: () => server.status,
    sync: () => server.sync(),
  });
}
