import type { Ban } from "../bans/ban.js";
import type { Health } from "../engine/engine.js";
import type { Explanation } from "../engine/explain.js";
import type { BunkernetStatus } from "../bunkernet/index.js";
import type { AddressReport } from "./address-inspector.js";

/** What JSON makes of a value: dates are ISO 8601 texts. */
export type Json<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? Json<Item>[]
    : T extends object
      ? { [K in keyof T]: Json<T[K]> }
      : T;

/** The longest request, in bytes. */
export const MAX_REQUEST = 64 * 1024;

/** What a control socket can be asked: one line of JSON, answered by one line of {@link ControlAnswer}. */
export type ControlRequest =
  | { readonly command: "bans"; readonly limit?: number }
  | {
      readonly command: "ban";
      readonly ip: string;
      /** Seconds; 0 = for good. */
      readonly ttl?: number;
      readonly reason?: string;
      readonly service?: string;
      readonly force?: boolean;
    }
  | { readonly command: "unban"; readonly ip: string; readonly service?: string }
  | {
      readonly command: "check";
      readonly ip: string;
      readonly url?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly command: "health" }
  | { readonly command: "bunkernet"; readonly action: "status" | "sync" | "register" | "ping" };

/** The request of one command. */
export type RequestOf<C extends ControlRequest["command"]> = Extract<ControlRequest, { readonly command: C }>;

/** What is wrong with a request, or with carrying it out. */
export interface ControlProblem {
  /** `ERR_BUNKER_…`, or `request` for what is no request. */
  readonly code: string;
  readonly message: string;
}

/** A line that a control socket answers. */
export type ControlAnswer<T = unknown> =
  { readonly ok: true; readonly result: T } | { readonly ok: false; readonly error: ControlProblem };

/** What `bans` answers: the newest `limit` bans, and how many there are. */
interface BansResult {
  readonly bans: readonly Ban[];
  readonly total: number;
}

/** What `check` answers. */
export interface CheckResult {
  readonly explanation: Explanation;
  readonly address: AddressReport;
}

/** What each command answers. */
export interface ControlResults {
  readonly bans: BansResult;
  readonly ban: Ban;
  readonly unban: { readonly removed: boolean };
  readonly check: CheckResult;
  readonly health: Health;
  readonly bunkernet: BunkernetResult;
}

/** What `bunkernet` answers: how it fares after what was asked for. */
export interface BunkernetResult {
  readonly status: BunkernetStatus;
  /** What the API answered to a ping. */
  readonly pong?: string;
}
