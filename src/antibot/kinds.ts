import type { ChallengeKind } from "./challenge.js";
import { cookieChallenge } from "./challenges/cookie.js";
import { javascriptChallenge } from "./challenges/javascript.js";

/** The kinds that come with the package. */
export type KindName = "cookie" | "javascript";

const kinds: ReadonlyMap<string, ChallengeKind> = new Map(
  // A kind's state is its own business: only what its `issue` answered ever comes back to it.
  [cookieChallenge as ChallengeKind, javascriptChallenge as ChallengeKind].map((kind) => [kind.name, kind]),
);

/** Their names. */
export const KIND_NAMES = [...kinds.keys()] as readonly KindName[];

/** The built-in kind of that name. */
export function builtInKind(name: string): ChallengeKind | undefined {
  return kinds.get(name);
}
