export { streamGuard, type StreamGuard, type StreamGuardOptions } from "./stream-guard.js";
export type { ConnectionStatus } from "../connections/connection-guard.js";
export type { GuardOptions } from "../connections/guard-server.js";
export type { ConnectionOptions, ProxyProtocolOptions } from "../connections/options.js";
