import type { IncomingMessage } from "node:http";
import type { BanList } from "../bans/ban-list.js";
import { BanProtection } from "../engine/ban-protection.js";
import { Engine, type Middleware, type Running } from "../engine/engine.js";
import { allProblemsAtOnce, readOptions } from "../options/table.js";
import type { ReportProblem } from "../options/check.js";
import { checkChallenge } from "../engine/gate-option.js";
import type { Gate } from "../engine/protection.js";
import { Context } from "../engine/context.js";
import { checkTogether, sharedTable, type SharedOptions } from "../engine/shared-options.js";
import { BadBehaviorProtection } from "./bad-behavior-protection.js";
import { badBehaviorTable, type BadBehaviorOptions, type BadBehaviorResolved } from "./options.js";

/** The middleware that {@link badBehavior} returns, with its methods and its ban list. */
export type BadBehavior = Middleware & Running & { readonly bans: BanList };

const table = { ...sharedTable, ...badBehaviorTable };

/**
 * Returns a middleware that bans clients whose requests get too many bad status codes (BunkerWeb's Bad Behavior). Mount it
 * first: it refuses banned clients and counts the status of every response.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every invalid option
 * @example app.use(badBehavior({ threshold: 10, countTime: 60, banTime: 86400 }));
 */
export function badBehavior<Req extends IncomingMessage = IncomingMessage>(
  options: SharedOptions<Req> & BadBehaviorOptions<Req> = {},
): BadBehavior {
  const resolved = allProblemsAtOnce((report) => {
    const read = readOptions(table, options, "", report);
    checkTogether(read, "", report);
    checkBadBehavior(read, read.gate !== undefined, "", report);
    return read;
  });
  const context = new Context(resolved, options as SharedOptions);
  const gate = (): Gate | undefined => resolved.gate?.gate;
  const bans = new BanProtection(context, gate);
  const engine = new Engine(context, [bans, new BadBehaviorProtection(context, resolved, gate, bans)]);
  return engine.asMiddleware({ bans: context.bans });
}

/** Reports options that contradict each other. */
export function checkBadBehavior(
  options: BadBehaviorResolved,
  hasGate: boolean,
  prefix: string,
  report: ReportProblem,
): void {
  const path = prefix === "" ? "banAction" : `${prefix}.banAction`;
  checkChallenge(options.banAction, hasGate, path, report);
}
