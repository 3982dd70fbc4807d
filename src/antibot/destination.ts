import { REPLY_HEADERS } from "../engine/responder.js";
import type { Reply } from "../request/verdict.js";
import type { KeyRing } from "./keys.js";

/** Where a visitor goes after the challenge; sealed into the challenge URI's one parameter. */
export interface Destination {
  /** Path and query, of our own origin. */
  readonly url: string;
  /** Whether a cookie has been set and should have come back: there is no second try. */
  readonly probed: boolean;
  /** The challenge kind that the route asks for, if it asks for one. */
  readonly kind?: string | undefined;
}

export const DESTINATION_PARAMETER = "to";

/** In characters: a longer destination loses its query; a longer path becomes `/` (R13). */
const MAX_LENGTH = 2048;

/** The URL as a path of our own origin that a Location header may contain; `/` for anything else. */
export function safePath(url: string): string {
  // "//host" and "/\host" lead to other origins; control characters and spaces must not get into a header.
  if (!/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(url)) return "/";
  if (url.length <= MAX_LENGTH) return url;
  const path = url.slice(0, Math.max(0, url.indexOf("?")));
  return path !== "" && path.length <= MAX_LENGTH ? path : "/";
}

/** Where the gate sends a visitor: `/` needs no parameter, as in BunkerWeb. */
export function challengeLocation(
  uri: string,
  { url, probed, kind }: Destination,
  keys: KeyRing,
  service: string,
): string {
  if (url === "/" && !probed && kind === undefined) return uri;
  const token = keys.seal("destination", [service], JSON.stringify([url, probed ? 1 : 0, kind]));
  return `${uri}?${DESTINATION_PARAMETER}=${token}`;
}

/** Opens the parameter that {@link challengeLocation} sealed; returns the front page for anything else. */
export function openDestination(token: string | undefined, keys: KeyRing, service: string): Destination {
  const text = keys.open("destination", [service], token);
  if (text === undefined) return { url: "/", probed: false };
  const [url, probed, kind] = JSON.parse(text) as [string, number, string | null];
  return { url: safePath(url), probed: probed === 1, kind: kind ?? undefined };
}

export function redirect(status: 302 | 303, location: string, cookies: readonly string[]): Reply {
  return {
    status,
    headers: {
      ...REPLY_HEADERS,
      Location: location,
      ...(cookies.length > 0 ? { "Set-Cookie": [...cookies] } : {}),
    },
    body: "",
  };
}
