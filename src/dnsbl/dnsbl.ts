import type { IncomingMessage } from "node:http";
import { BanProtection } from "../engine/ban-protection.js";
import { Engine, type Middleware, type Running } from "../engine/engine.js";
import { allProblemsAtOnce, readOptions } from "../options/table.js";
import type { Gate } from "../engine/protection.js";
import { Context } from "../engine/context.js";
import { checkTogether, sharedTable, type SharedOptions } from "../engine/shared-options.js";
import type { DnsblParts } from "./dnsbl-parts.js";
import { DnsblProtection } from "./dnsbl-protection.js";
import { checkDnsbl, dnsblTable, type DnsblOptions } from "./options.js";

/** The result of {@link dnsbl}. */
export type Dnsbl = Middleware & Running & DnsblParts;

const table = { ...sharedTable, ...dnsblTable };

/** See `dnsbl` of index.ts. */
export function dnsbl<Req extends IncomingMessage = IncomingMessage>(
  options: SharedOptions<Req> & DnsblOptions = {},
): Dnsbl {
  const resolved = allProblemsAtOnce((report) => {
    const read = readOptions(table, options, "", report);
    checkTogether(read, "", report);
    checkDnsbl(read, read.gate !== undefined, "", report);
    return read;
  });
  const context = new Context(resolved, options as SharedOptions);
  const gate = (): Gate | undefined => resolved.gate?.gate;
  const protection = new DnsblProtection(context, resolved, gate);
  const engine = new Engine(context, [new BanProtection(context, gate), protection]);
  return engine.asMiddleware(protection.parts);
}
