import type { Awaitable } from "../awaitable.js";
import type { Client } from "../request/client.js";
import type { RequestView } from "../request/request-view.js";
import type { Verdict } from "../request/verdict.js";

/** A response that has ended, and its request. */
export interface ObservedResponse {
  readonly client: Client;
  readonly request: RequestView;
  /** The status that was sent to the client. */
  readonly status: number;
}

/** The health of one protection. */
export interface ProtectionHealth {
  readonly ok: boolean;
  /** What is wrong, in words; empty when `ok`. */
  readonly problems: readonly string[];
}

/** What a protection would decide, and why. */
export interface ProtectionExplanation {
  readonly verdict: "pass" | "deny" | "challenge" | "error" | "unknown";
  /** The rule that decides, in a few fixed words. */
  readonly reason: string;
  /** Details; their shape depends on the reason. */
  readonly data?: unknown;
}

/** A part that judges requests. The engine runs it for middleware, upgrades and connections alike. */
export interface Protection {
  readonly name: string;
  /** `true`: when it throws, requests are refused with 503 instead of passed. */
  readonly failClosed?: boolean;
  /** `true`: it judges requests only, not connections before their first request. */
  readonly requestsOnly?: boolean;
  /** How long bans by the app last by default, in seconds; 0 = permanently. The first protection with a value counts. */
  readonly banTime?: number;
  /** Returns what should happen; has no effect on the response. It returns synchronously whenever it can. */
  judge(client: Client, request: RequestView): Awaitable<Verdict>;
  /** Returns what `judge` would decide, and why, by the same code. Counts, bans and emits nothing. */
  explain(client: Client, request: RequestView): Awaitable<ProtectionExplanation>;
  /** Called after every response whose status line was sent. */
  observe?(outcome: ObservedResponse): void;
  start?(): Awaitable<void>;
  health?(): ProtectionHealth;
  close?(): Awaitable<void>;
}

/** The gate, as bans and lists use it to challenge a client instead of refusing it. */
export interface Gate {
  /** Like `judge`, but without exclusions: only a client with a valid pass gets through. */
  challenge(client: Client, request: RequestView): Awaitable<Verdict>;
}
