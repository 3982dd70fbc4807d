import type { Awaitable } from "../awaitable.js";
import type { Ban } from "../bans/ban.js";

/** A whole response: status, headers and body. The responder sends it. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string | Buffer;
}

/** The request may go on. `why` names the exemption, if one decided it. */
export interface Pass {
  readonly action: "pass";
  readonly why?: string;
}

/** The request is refused. */
export interface Deny {
  readonly action: "deny";
  readonly protection: string;
  readonly reason: string;
  readonly data: unknown;
  /** The ban that refuses the client, if one does. */
  readonly ban?: Ban;
  /** 503 if the cause is on our side, 429 for too many requests at once; otherwise `deny.status` decides. */
  readonly status?: 429 | 503;
}

/** The client gets a challenge, or its request is for the challenge itself. */
export interface Challenge {
  readonly action: "challenge";
  readonly protection: string;
  readonly reason: string;
  readonly data: unknown;
  /** `true` = the request is for the challenge itself, so no visitor is stopped. */
  readonly serving?: boolean;
  /** Makes the response; called at most once, and in `detect` mode only for what is `serving`, if that mode was set at run time. */
  reply(): Awaitable<Reply>;
}

/** The decision of a protection about a request. */
export type Verdict = Pass | Deny | Challenge;

/** The verdict of a protection that lets the request pass. */
export const PASS: Pass = Object.freeze({ action: "pass" });
