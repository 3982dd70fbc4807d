import type { KeyRing } from "./keys.js";

/** What is sealed into the challenge URI's one parameter. */
export interface Destination {
  /** Where the visitor was going: path and query, of our own origin. */
  readonly url: string;
  /** `true` once a cookie has been set and should have come back: no second try. */
  readonly probed: boolean;
  /** The kind of challenge that the route asks for, when it asks for one. */
  readonly kind?: string | undefined;
}

/** The parameter's name. */
export const DESTINATION_PARAMETER = "to";

/** In characters: a longer destination loses its query; a longer path becomes `/` (R13). */
const MAX_LENGTH = 2048;

/** The URL as a path of our own origin that a Location header may carry; `/` for anything else. */
export function safePath(url: string): string {
  // "//host" and "/\host" lead to other origins; control characters and spaces have no business in a header.
  const safe = /^\/(?![/\\])[\x21-\x7e]*$/.test(url) && !url.includes("\\");
  if (!safe) return "/";
  if (url.length <= MAX_LENGTH) return url;
  const path = url.slice(0, Math.max(0, url.indexOf("?")));
  return path !== "" && path.length <= MAX_LENGTH ? path : "/";
}

/** Where the gate sends a visitor: `/` needs no parameter, as in BunkerWeb. */
export function challengeLocation(
  uri: string,
  destination: Destination,
  keys: KeyRing,
  service: string,
): string {
  if (destination.url === "/" && !destination.probed && destination.kind === undefined) return uri;
  return `${uri}?${DESTINATION_PARAMETER}=${sealDestination(destination, keys, service)}`;
}

/** A destination as the page and the parameter carry it. */
export function sealDestination(destination: Destination, keys: KeyRing, service: string): string {
  return keys.seal(
    "destination",
    [service],
    JSON.stringify([destination.url, destination.probed ? 1 : 0, destination.kind]),
  );
}

/** Reads what {@link sealDestination} made; the front page for anything else. */
export function openDestination(token: string | undefined, keys: KeyRing, service: string): Destination {
  const text =
    token === undefined || token.length > 8192 ? undefined : keys.open("destination", [service], token);
  if (text === undefined) return { url: "/", probed: false };
  const [url, probed, kind] = JSON.parse(text) as [string, number, string | null];
  return { url: safePath(url), probed: probed === 1, kind: kind ?? undefined };
}
