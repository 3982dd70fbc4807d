import type { Ban } from "../bans/ban.js";
import type { Health } from "../engine/engine.js";
import type { Explanation } from "../engine/explain.js";
import type { ModeInForce } from "../engine/switch-mode.js";
import type { BunkernetStatus } from "../bunkernet/index.js";
import type { AddressReport } from "./address-inspector.js";

/** The type of a value after a round trip through JSON: dates become ISO 8601 texts. */
export type Json<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? Json<Item>[]
    : T extends object
      ? { [K in keyof T]: Json<T[K]> }
      : T;

/** The maximum length of a request, in bytes. */
export const MAX_REQUEST = 64 * 1024;

/** A request to a control socket: one line of JSON. The reply is one line with a {@link ControlAnswer}. */
export type ControlRequest =
  | { readonly command: "bans"; readonly limit?: number }
  | {
      readonly command: "ban";
      readonly ip: string;
      /** In seconds; 0 = permanently. */
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
  | {
      readonly command: "mode";
      /** Absent: nothing is changed. */
      readonly mode?: "block" | "detect" | "configured";
      /** In seconds; 0 = until it is changed. */
      readonly for?: number;
    }
  | { readonly command: "health" }
  | { readonly command: "bunkernet"; readonly action: "status" | "sync" | "register" | "ping" };

export type RequestOf<C extends ControlRequest["command"]> = Extract<ControlRequest, { readonly command: C }>;

export interface ControlProblem {
  /** `ERR_BUNKER_…`, or `request` for an invalid request. */
  readonly code: string;
  readonly message: string;
}

export type ControlAnswer<T = unknown> =
  { readonly ok: true; readonly result: T } | { readonly ok: false; readonly error: ControlProblem };

export interface CheckResult {
  readonly explanation: Explanation;
  readonly address: AddressReport;
}

export interface ControlResults {
  /** The newest `limit` bans, and the number of all bans. */
  readonly bans: { readonly bans: readonly Ban[]; readonly total: number };
  readonly ban: Ban;
  readonly unban: { readonly removed: boolean };
  readonly check: CheckResult;
  /** Without the configured modes, if a store was asked. */
  readonly mode: Partial<ModeInForce>;
  readonly health: Health;
  readonly bunkernet: BunkernetResult;
}

export interface BunkernetResult {
  readonly status: BunkernetStatus;
  /** The API's response to a ping. */
  readonly pong?: string;
}
