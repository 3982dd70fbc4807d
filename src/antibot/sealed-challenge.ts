import { randomBytes } from "node:crypto";
import type { KeyRing } from "./keys.js";

/** A challenge as it travels in the page: everything that its solution is judged by. */
export interface SealedChallenge {
  readonly id: string;
  readonly kind: string;
  /** When it was issued, in ms. */
  readonly issued: number;
  /** The id of the browser cookie that it was issued to: a post from another browser is refused. */
  readonly browser: string;
  /** The key of the client that it was issued to: it is used up under that key, whichever client posts it. */
  readonly holder: string;
  /** Where the visitor goes when it is solved. */
  readonly url: string;
  /** The kind that the route asked for, when it asked for one. */
  readonly required: string | undefined;
  /** What the kind's `issue` returned. */
  readonly state: unknown;
}

type Fields = [string, string, number, string, string, string, string | null, unknown];

/** A new challenge id. */
export function newChallengeId(): string {
  return randomBytes(12).toString("base64url");
}

/** Seals a challenge for one service. */
export function sealChallenge(challenge: SealedChallenge, keys: KeyRing, service: string): string {
  const { id, kind, issued, browser, holder, url, required, state } = challenge;
  return keys.seal(
    "challenge",
    [service],
    JSON.stringify([id, kind, issued, browser, holder, url, required, state]),
  );
}

/** Opens what {@link sealChallenge} made; `undefined` for anything else. */
export function openChallenge(
  token: string | undefined,
  keys: KeyRing,
  service: string,
): SealedChallenge | undefined {
  const text =
    token === undefined || token.length > 8192 ? undefined : keys.open("challenge", [service], token);
  if (text === undefined) return undefined;
  const [id, kind, issued, browser, holder, url, required, state] = JSON.parse(text) as Fields;
  return { id, kind, issued, browser, holder, url, required: required ?? undefined, state };
}
