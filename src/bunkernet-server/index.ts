export {
  bunkernetServer,
  type BunkernetListener,
  type BunkernetServerMiddleware,
} from "./bunkernet-server.js";
export type { BunkernetServerOptions, VoteBy } from "./options.js";
export type { BunkernetServerStatus } from "./server.js";
