import type { IncomingMessage } from "node:http";
import type { SharedOptions } from "../engine/shared-options.js";
import type * as DnsblModule from "./dnsbl.js";
import type { Dnsbl } from "./dnsbl.js";
import type { DnsblOptions } from "./options.js";

export type { Dnsbl } from "./dnsbl.js";
export type { DnsblCheck, DnsblParts, DnsblStatus } from "./dnsbl-parts.js";
export type { CacheTtl, DnsblOptions } from "./options.js";
export type { ZoneStatus } from "./zone.js";

/**
 * Refuses and bans clients whose address is on a DNS blocklist (BunkerWeb's DNSBL). The zones receive the visitors'
 * addresses.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every invalid option
 * @example app.use(dnsbl({ list: "zen.spamhaus.org", resolver: { servers: ["127.0.0.1"] } }));
 */
export function dnsbl<Req extends IncomingMessage = IncomingMessage>(
  options: SharedOptions<Req> & DnsblOptions = {},
): Dnsbl {
  // It is off by default, so it is loaded with the first call.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return (require("./dnsbl.js") as typeof DnsblModule).dnsbl(options);
}
