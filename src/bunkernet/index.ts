export { bunkernet, type Bunkernet, type BunkernetParts } from "./bunkernet.js";
export type { BunkernetStatus, ThreatListStatus as ListStatus } from "./bunkernet-protection.js";
export type { BunkernetOptions } from "./options.js";
export type { ReportStatus } from "./reporter.js";
