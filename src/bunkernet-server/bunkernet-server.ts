import type { IncomingMessage, ServerResponse } from "node:http";
import type { Running } from "../engine/engine.js";
import { allProblemsAtOnce, readOptions } from "../options/table.js";
import { bunkernetServerTable, checkBunkernetServer, type BunkernetServerOptions } from "./options.js";
import { BunkernetServer, type BunkernetServerStatus } from "./server.js";

/** Connect middleware that is also a listener for `node:http`: without `next`, unknown paths get 404. */
export type BunkernetListener = (
  req: IncomingMessage,
  res: ServerResponse,
  next?: (err?: unknown) => void,
) => void;

/** The result of {@link bunkernetServer}. */
export type BunkernetServerMiddleware = BunkernetListener &
  Running & {
    /** The state of the server. */
    status(): BunkernetServerStatus;
    /** Reads everything from the store again; only needed after other software changed it. */
    sync(): Promise<void>;
  };

/**
 * Your own BunkerNet server: instances register, report addresses, and download the list of those that enough of them reported.
 * It implements the protocol of BunkerWeb's API: `POST /register`, `GET /ping`, `GET /db`, `POST /report`.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every invalid option
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
