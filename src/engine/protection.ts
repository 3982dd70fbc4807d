import type { ServerResponse } from "node:http";
import type { Awaitable } from "../awaitable.js";
import type { Client } from "../request/client.js";
import type { RequestFailure, RequestView } from "../request/request-view.js";
import type { Verdict } from "../request/verdict.js";
import type { Figure } from "./figure.js";

/** A request that may have to wait before it reaches the app. */
export interface HeldRequest {
  readonly client: Client;
  readonly request: RequestView;
  readonly res: ServerResponse;
  /** Passes it on, or refuses it. */
  readonly resume: (verdict: Verdict) => void;
}

/** What a protection's pass rests on, beside what is compared for every visitor (known-visitors.ts). */
export interface Grounds {
  /** Until when, in ms. */
  readonly until: number;
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
  /**
   * Returns what the pass rests on that {@link judge} has just returned, so that the client's next requests need not be judged;
   * `undefined` = its pass must not be remembered, nor those of the other protections. One without this method judges every request.
   */
  grounds?(client: Client, request: RequestView): Grounds | undefined;
  /**
   * Whether a remembered pass holds for this request, too: then it has every effect that {@link judge} would have. `false` =
   * `judge` decides.
   */
  stands?(grounds: Grounds, client: Client, request: RequestView): boolean;
  /** Called after every response whose status line was sent. Connections, and responses in a log, have no `res`. */
  observe?(client: Client, request: RequestView, status: number, res?: ServerResponse): void;
  /** Called when the client has left before the response had a status. */
  left?(client: Client, request: RequestView, res: ServerResponse): void;
  /** Counts a failure that the app tells. */
  fail?(client: Client, request: RequestView, failure: RequestFailure): void;
  /** Whether a request that passed may reach the app now; if not, `hold` is called. */
  admit?(client: Client, request: RequestView, res: ServerResponse): boolean;
  /** Resumes a request at once or later. */
  hold?(held: HeldRequest): void;
  start?(): Awaitable<void>;
  health?(): ProtectionHealth;
  /** Returns how many bad responses count against a client now, and how many lead to a ban, as far as this process knows. */
  badCountOf?(clientKey: string): { readonly count: number; readonly threshold: number };
  /** Returns its current figures, for metrics. */
  figures?(): readonly Figure[];
  close?(): Awaitable<void>;
}

/** The gate, as bans and lists use it to challenge a client instead of refusing it. */
export interface Gate {
  /** Like `judge`, but without exclusions: only a client with a valid pass gets through. */
  challenge(client: Client, request: RequestView): Awaitable<Verdict>;
}
