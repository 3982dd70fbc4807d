import type { Client } from "../request/client.js";
import type { RequestView } from "../request/request-view.js";
import type { Reply } from "../request/verdict.js";
import type { PageTexts } from "../pages/languages/en.js";
import type { Awaitable } from "../awaitable.js";

/** Who is being challenged, where, and in which language. */
export interface Visit {
  readonly client: Client;
  readonly request: RequestView;
  /** Where the challenge is served; its files lie below. */
  readonly uri: string;
  /** Where the answer is posted. */
  readonly action: string;
  readonly service: string;
  readonly language: string;
  readonly texts: PageTexts;
  /** How many bits of work a proof is to cost this visitor, where the kind is a proof of work. */
  readonly difficulty: number;
  /** Where a visitor without JavaScript is led, where there is a way (`noscript`). */
  readonly noscript: string | undefined;
  /** Whether the page is shown in the dialog of the fetch helper. */
  readonly frame: boolean;
  /** The clock, in ms. */
  readonly now: number;
  /** The challenge of the same kind that this one replaces, and what was posted for it. */
  readonly previous?: { readonly state: unknown; readonly fields: Fields };
}

/** A challenge as it was issued. */
export interface Issued<State = unknown> {
  /** The challenge's id: spent once, in the store. */
  readonly id: string;
  readonly state: State;
  /** The sealed challenge; a page posts it back in the field `state`. */
  readonly token: string;
}

/** What a challenge adds to the page that all kinds share. */
export interface ChallengePage {
  /** The page's title; default: the language's own "one moment". */
  readonly title?: string;
  /** Trusted HTML inside the form: the fields and what explains them. */
  readonly body: string;
  /** Inline script; it gets the page's nonce. */
  readonly script?: string;
  /** Data for the script, found at `#bunker-config` as JSON, with the sealed challenge as `state`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** More sources for the page's Content-Security-Policy, by directive. */
  readonly csp?: Readonly<Record<string, readonly string[]>>;
}

/** The fields that a form posted: each name's only value. Repeated names are refused before a challenge sees them. */
export type Fields = ReadonlyMap<string, string>;

/**
 * One kind of challenge. What `issue` answers is sealed into the page and comes back to `verify` unchanged, so that a
 * challenge needs no memory on the server.
 */
export interface ChallengeKind<State = unknown> {
  /** What passes call it: `a-z`, digits and hyphens, at most 32. */
  readonly name: string;
  /**
   * When the challenge's id is spent (R14). `before` (default): before `verify`, for what can be guessed or costs money:
   * one evaluation a challenge. `after`: only when `verify` says yes, for proofs that cannot be guessed. `never`: nothing
   * is kept.
   */
  readonly spend?: "before" | "after" | "never";
  /** `true`: nothing is shown and nothing asked; the browser proves itself by bringing back our cookie. */
  readonly silent?: boolean;
  /** Makes a new challenge: anything that JSON holds. */
  issue(visit: Visit): Awaitable<State>;
  /** Whether a post asks for another challenge instead of answering this one: nothing is spent, and it is no failure. */
  declines?(fields: Fields): boolean;
  /** The page's part. */
  page(issued: Issued<State>, visit: Visit): Awaitable<ChallengePage>;
  /**
   * Whether the answer is right. `"again"` = neither: a new challenge, and nothing counted against the visitor. Throwing
   * means that it could not be checked: the visitor is answered 503.
   */
  verify(state: State, fields: Fields, visit: Visit): Awaitable<boolean | "again">;
  /** How many times `timeResolve` a challenge of this state may take; default 1. What is heard takes longer than what is seen. */
  patience?(state: State): number;
  /** What the pass calls a challenge of this state, where that is not `name`: `<name>-outage` for a stand-in. */
  solvedAs?(state: State): string;
  /**
   * Files that the page needs, by name: `GET <uri>/<name>?state=<token>` is answered by the function of that name, given the
   * challenge that `token` holds (`undefined` = no such challenge, or it is too old).
   */
  readonly files?: Readonly<Record<string, ChallengeFile<State>>>;
}

// Declared as a method, like `page` and `verify`: a kind with a state of its own must fit where any kind is taken.
type ChallengeFile<State> = {
  file(issued: Issued<State> | undefined, visit: Visit): Awaitable<Reply>;
}["file"];
