export { dnsbl, type Dnsbl } from "./dnsbl.js";
export type { DnsblCheck, DnsblParts, DnsblStatus } from "./dnsbl-parts.js";
export type { CacheTtl, DnsblOptions } from "./options.js";
export type { ZoneStatus } from "./zone.js";
