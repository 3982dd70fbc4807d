import type { Awaitable } from "../awaitable.js";
import type { Client } from "../request/client.js";
import type { RequestView } from "../request/request-view.js";
import type { Verdict } from "../request/verdict.js";

/** How a request ended, told once its status line is sent. */
export interface ObservedResponse {
  readonly client: Client;
  readonly request: RequestView;
  /** The status that the client was sent. */
  readonly status: number;
}

/** How one protection fares. */
export interface ProtectionHealth {
  readonly ok: boolean;
  /** What is wrong, in words; empty when `ok`. */
  readonly problems: readonly string[];
}

/** What a protection would say, and why. */
export interface ProtectionExplanation {
  readonly verdict: "pass" | "deny" | "challenge" | "error" | "unknown";
  /** The rule that decides, in a few words. */
  readonly reason: string;
  /** What else is known, by reason. */
  readonly data?: unknown;
}

/** One thing that judges requests. The engine runs it for middlewares, upgrades and connections alike. */
export interface Protection {
  readonly name: string;
  /** `true`: when it breaks, requests are refused with 503 instead of passed. */
  readonly failClosed?: boolean;
  /** `true`: it judges requests only, since it has nothing to show to a connection that has asked for nothing yet. */
  readonly requestsOnly?: boolean;
  /** How long bans by the app last where it names no time, in seconds; 0 = permanently. Of the first protection that has it. */
  readonly banTime?: number;
  /** Says what should happen; has no side effect on the response. Answers at once whenever it can. */
  judge(client: Client, request: RequestView): Awaitable<Verdict>;
  /** What `judge` would decide, and why, by the same code. Counts nothing, bans nobody, emits nothing. */
  explain(client: Client, request: RequestView): Awaitable<ProtectionExplanation>;
  /** Told of every response whose status line was sent. */
  observe?(outcome: ObservedResponse): void;
  start?(): Awaitable<void>;
  health?(): ProtectionHealth;
  close?(): Awaitable<void>;
}

/** What bans and lists need of the gate to challenge a client instead of refusing it. */
export interface Gate {
  /** Like `judge`, but no exclusion helps: only a pass that is still good does. */
  challenge(client: Client, request: RequestView): Awaitable<Verdict>;
}
