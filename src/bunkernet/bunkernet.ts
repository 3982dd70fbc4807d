import type { IncomingMessage } from "node:http";
import { BanProtection } from "../engine/ban-protection.js";
import { Engine, type Middleware, type Running } from "../engine/engine.js";
import { allProblemsAtOnce, readOptions } from "../options/table.js";
import type { Gate } from "../engine/protection.js";
import { Context } from "../engine/context.js";
import { checkTogether, sharedTable, type SharedOptions } from "../engine/shared-options.js";
import { BunkernetProtection, type BunkernetStatus } from "./bunkernet-protection.js";
import { bunkernetTable, checkBunkernet, type BunkernetOptions } from "./options.js";

/** What {@link bunkernet} returns, besides the middleware. */
export interface BunkernetParts {
  /**
   * Whether an address is on the list that is in force.
   *
   * @throws {BunkerBanError} `ERR_BUNKER_BAN_ADDRESS` for a text that is not an address
   */
  has(ip: string): boolean;
  /** The state of the list and of reporting. */
  status(): BunkernetStatus;
  /** Downloads the list now. Never rejects: `status()` says how it went. */
  sync(): Promise<void>;
  /** Sends all queued reports, within a few seconds. Never rejects: `status()` says what is left. */
  flush(): Promise<void>;
  /** Requests an id from the API, unless there is one. Rejects with what went wrong. */
  register(): Promise<void>;
  /** Pings the API; resolves with its reply ("pong"). Rejects with what went wrong. */
  ping(): Promise<string>;
}

/** What {@link bunkernet} returns. */
export type Bunkernet = Middleware & Running & BunkernetParts;

const table = { ...sharedTable, ...bunkernetTable };

/**
 * Refuses clients that other sites have reported to BunkerNet, and reports clients that are refused and banned
 * here: the API receives their addresses.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every wrong option
 * @example app.use(bunkernet({ store, cacheDir: "/var/cache/my-app" }));
 */
export function bunkernet<Req extends IncomingMessage = IncomingMessage>(
  options: SharedOptions<Req> & BunkernetOptions = {},
): Bunkernet {
  const resolved = allProblemsAtOnce((report) => {
    const read = readOptions(table, options, "", report);
    checkTogether(read, "", report);
    checkBunkernet(read, read.gate !== undefined, "", report);
    return read;
  });
  const context = new Context(resolved, options as SharedOptions);
  const gate = (): Gate | undefined => resolved.gate?.gate;
  const protection = new BunkernetProtection(context, resolved, gate);
  const engine = new Engine(context, [new BanProtection(context, gate), protection]);
  return engine.asMiddleware(bunkernetParts(protection));
}

/** The parts of BunkerNet that its engine does not have. */
export function bunkernetParts(protection: BunkernetProtection): BunkernetParts {
  return {
    has: (ip) => protection.has(ip),
    status: () => protection.status,
    sync: () => protection.sync(),
    flush: () => protection.flush(),
    register: () => protection.register(),
    ping: () => protection.ping(),
  };
}
