export { dnsbl, type Dnsbl, type DnsblParts } from "./dnsbl.js";
export type { DnsblCheck, DnsblStatus } from "./dnsbl-protection.js";
export type { CacheTtl, DnsblOptions } from "./options.js";
export type { ZoneStatus } from "./zone.js";
