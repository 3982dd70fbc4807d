export { bunkernet, type Bunkernet, type BunkernetParts } from "./bunkernet.js";
export type { BunkernetStatus } from "./bunkernet-protection.js";
export type { BunkernetOptions } from "./options.js";
export type { ReportStatus } from "./reporter.js";
export type { ThreatListStatus as ListStatus } from "./threat-list.js";
