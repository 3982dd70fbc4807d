import type { Client } from "../request/client.js";
import type { RequestView } from "../request/request-view.js";
import type { Reply } from "../request/verdict.js";
import type { PageTexts } from "../pages/languages/en.js";
import type { Awaitable } from "../awaitable.js";

/** A visitor who is being challenged, where, and in which language. */
export interface Visit {
  readonly client: Client;
  readonly request: RequestView;
  /** Where the challenge is served; its files lie below. */
  readonly uri: string;
  /** Where the solution is posted. */
  readonly action: string;
  readonly service: string;
  readonly language: string;
  readonly texts: PageTexts;
  /** How many bits of work a proof of work costs this visitor. */
  readonly difficulty: number;
  /** Where a visitor without JavaScript can go; `undefined` = nowhere (option `noscript`). */
  readonly noscript: string | undefined;
  /** Whether the page is shown in the dialog of the fetch helper. */
  readonly frame: boolean;
  /** The clock, in ms. */
  readonly now: number;
  /** The challenge of the same kind that this one replaces, and the fields that were posted for it. */
  readonly previous?: { readonly state: unknown; readonly fields: Fields };
}

/** A challenge as it was issued. */
export interface Issued<State = unknown> {
  /** The challenge's id, which can be used once. */
  readonly id: string;
  readonly state: State;
  /** The sealed challenge; a page posts it back in the field `state`. */
  readonly token: string;
}

/** A kind's part of the challenge page. */
export interface ChallengePage {
  /** The page's title; default: the language's own "one moment". */
  readonly title?: string;
  /** Trusted HTML inside the form: the fields and their explanation. */
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
 * One kind of challenge. The state that `issue` returns is sealed into the page and comes back to `verify` unchanged, so
 * that a challenge needs no memory on the server.
 */
export interface ChallengeKind<State = unknown> {
  /** Its name, also in passes: `a-z`, digits and hyphens, at most 32 characters. */
  readonly name: string;
  /**
   * When the challenge's id is used up. `before` (default): before `verify`, for solutions that can be guessed or cost money
   * to check. `after`: when `verify` has returned `true`, for proofs that cannot be guessed. `never`: solutions may repeat.
   */
  readonly spend?: "before" | "after" | "never";
  /** When a challenge of this state is used up, if that depends on it: `after` for a proof of work in place of a guess. */
  spendOf?(state: State): "before" | "after";
  /** `true`: nothing is shown; the browser solves the challenge by bringing back our cookie. */
  readonly silent?: boolean;
  /** Makes the state of a new challenge: any JSON value. */
  issue(visit: Visit): Awaitable<State>;
  /**
   * Whether a challenge of this state asks enough of a visitor who posts its solution from another network than it was issued
   * to; otherwise a new one is issued there. Default: yes.
   */
  suffices?(state: State, visit: Visit): boolean;
  /** Whether a post asks for another challenge instead of solving this one: that is not a failure. */
  declines?(fields: Fields): boolean;
  /** Renders this kind's part of the page. */
  page(issued: Issued<State>, visit: Visit): Awaitable<ChallengePage>;
  /**
   * Whether the solution is right. `"again"` = neither: a new challenge, without counting a failure. When it throws, the
   * solution could not be checked and the visitor gets status 503.
   */
  verify(state: State, fields: Fields, visit: Visit): Awaitable<boolean | "again">;
  /** How many times `timeResolve` a challenge of this state may take, since a sound takes longer than a picture. Default 1. */
  patience?(state: State): number;
  /** The kind that a pass records for a challenge of this state: `<name>-outage` for a fallback. Default `name`. */
  solvedAs?(state: State): string;
  /**
   * Files that the page needs, by name. `GET <uri>/<name>?state=<token>` calls the function of that name with the challenge
   * that `token` contains (`undefined` = not a valid challenge, or it expired).
   */
  readonly files?: Readonly<Record<string, ChallengeFile<State>>>;
}

// Declared as a method, like `page` and `verify`: a kind with a state of its own must fit where any kind is taken.
type ChallengeFile<State> = {
  file(issued: Issued<State> | undefined, visit: Visit): Awaitable<Reply>;
}["file"];
