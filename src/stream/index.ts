export { streamGuard, type StreamGuard, type StreamGuardOptions } from "./stream-guard.js";
export type { ConnectionStatus } from "./connection-guard.js";
export type { GuardOptions } from "./guard-server.js";
export type { ConnectionOptions, ProxyProtocolOptions } from "./options.js";
