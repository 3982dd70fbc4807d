import type { Awaitable } from "../awaitable.js";
import type { Ban } from "../bans/ban.js";

/** A whole response: status, headers and body. The responder sends it. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string | Buffer;
}

/** Let the request go on. `why` names the rule that decided it before the protection looked. */
export interface Pass {
  readonly action: "pass";
  readonly why?: string;
}

/** Refuse the request. */
export interface Deny {
  readonly action: "deny";
  readonly protection: string;
  readonly reason: string;
  readonly data: unknown;
  /** The ban behind it, if there is one. */
  readonly ban?: Ban;
  /** 503 where we, not the client, are the cause; else `deny.status` decides. */
  readonly status?: 503;
}

/** Ask the client to prove that it is human, or serve a request for the challenge itself. */
export interface Challenge {
  readonly action: "challenge";
  readonly protection: string;
  readonly reason: string;
  readonly data: unknown;
  /** `true` when the request is for the challenge itself: no visitor is being stopped. */
  readonly serving?: boolean;
  /** Makes the response; called at most once, and not at all in `detect` mode. */
  reply(): Awaitable<Reply>;
}

/** What a protection decides about a request. */
export type Verdict = Pass | Deny | Challenge;

/** The verdict of a protection that has nothing against the request. */
export const PASS: Pass = Object.freeze({ action: "pass" });
