import type { Pattern } from "../pattern/pattern.js";

/** The target of a request, in the one form that every rule uses. */
export interface CanonicalPath {
  /** The path, decoded once, without query and fragment. Best effort when `suspicious`. */
  readonly path: string;
  /** The query as it was sent, with its leading "?"; empty when there is none. */
  readonly query: string;
  /**
   * Whether two parsers could disagree on the path: dot segments, `//`, a backslash, an encoded slash,
   * backslash or NUL, a control character, an escape that is broken or would decode to one of those the second
   * time, or no path at all. Such a request never matches an exclusion and always matches `include`.
   */
  readonly suspicious: boolean;
}

const QUESTION = 63;
const HASH = 35;
const PERCENT = 37;
const SLASH = 47;
const BACKSLASH = 92;
const DOT = 46;
const SPACE = 32;

/** Reads a request target (`originalUrl`): origin-form, absolute-form (http, https, ws, wss), `*` or authority-form. Never throws. */
export function canonicalPath(originalUrl: string): CanonicalPath {
  const start = pathStart(originalUrl);
  let suspicious = start < 0;
  let escaped = false;
  let end = start < 0 ? 0 : start;
  let previous = 0;
  for (; end < originalUrl.length; end++) {
    const code = originalUrl.charCodeAt(end);
    if (code === QUESTION || code === HASH) break;
    if (code === PERCENT) escaped = true;
    else if (code === SLASH || code === DOT) {
      if (previous === SLASH && (code === SLASH || isDotSegment(originalUrl, end))) suspicious = true;
    } else if (code === BACKSLASH || isUnclear(code)) suspicious = true;
    previous = code;
  }
  const raw = originalUrl.slice(start < 0 ? 0 : start, end) || "/";
  const query = queryOf(originalUrl, end);
  return escaped ? decoded(raw, query, suspicious) : { path: raw, query, suspicious };
}

/** Whether every protection lets the path pass: robots.txt, favicon.ico, /.well-known/. */
export function isBuiltInPass(path: CanonicalPath): boolean {
  if (path.suspicious) return false;
  return path.path === "/robots.txt" || path.path === "/favicon.ico" || path.path.startsWith("/.well-known/");
}

/**
 * Whether the canonical path of a URL surely neither starts with `own` (a path without escapes) nor is a built-in pass, as the
 * text shows at once. `false` = it may or may not.
 */
export function isSurelyOther(url: string, own: string): boolean {
  return (
    url.charCodeAt(0) === SLASH &&
    !url.startsWith(own) &&
    !url.startsWith("/robots.txt") &&
    !url.startsWith("/favicon.ico") &&
    !url.startsWith("/.well-known/") &&
    // Without an escape, the canonical path is the start of the URL.
    !url.includes("%")
  );
}

/** Whether the pattern matches the canonical path, with the query if the pattern contains one. Never for a suspicious path. */
export function uriMatches(pattern: Pattern, path: CanonicalPath): boolean {
  if (path.suspicious) return false;
  return pattern.test(pattern.matchesQuery ? path.path + path.query : path.path);
}

// The authorities that the routers of Express and Connect accept; of any other text they move a part into the path.
const ABSOLUTE_FORM =
  /^(?:https?|wss?):\/\/(?:\[[0-9a-f:.]{1,64}\]|[a-z0-9._-]{1,255})(?::\d{0,5})?(?=[/?#]|$)/i;

/** Where the path of an absolute-form target starts (its end when it has none); 0 for a path, -1 for any other form. */
export function pathStart(target: string): number {
  if (target.charCodeAt(0) === SLASH) return 0;
  const match = ABSOLUTE_FORM.exec(target);
  return match ? match[0].length : -1;
}

function queryOf(target: string, pathEnd: number): string {
  if (target.charCodeAt(pathEnd) !== QUESTION) return "";
  const hash = target.indexOf("#", pathEnd);
  return hash < 0 ? target.slice(pathEnd) : target.slice(pathEnd, hash);
}

function decoded(raw: string, query: string, suspicious: boolean): CanonicalPath {
  let path: string;
  try {
    path = decodeURIComponent(raw);
  } catch {
    return { path: raw, query, suspicious: true };
  }
  return { path, query, suspicious: suspicious || /%(?:2f|5c)/i.test(raw) || isAmbiguous(path) };
}

// Checks the decoded path; one that would be ambiguous after another decoding counts, too.
function isAmbiguous(path: string): boolean {
  for (let index = 0; index < path.length; index++) {
    const code = path.charCodeAt(index);
    if (code === BACKSLASH || code < SPACE || code === 0x7f) return true;
  }
  return path.includes("//") || /\/\.\.?(?:\/|$)|%(?:2e|2f|5c|00|25)/i.test(path);
}

// "/." or "/.." as a whole segment; `dot` is the index of its first dot.
function isDotSegment(text: string, dot: number): boolean {
  const next = text.charCodeAt(dot + 1) === DOT ? dot + 2 : dot + 1;
  if (next >= text.length) return true;
  const code = text.charCodeAt(next);
  return code === SLASH || code === QUESTION || code === HASH || code === BACKSLASH;
}

// Control characters, and the white space that `url.parse` (in Express' and Connect's routing) trims or strips.
function isUnclear(code: number): boolean {
  return code <= SPACE || code === 0x7f || code === 0xa0 || code === 0xfeff;
}
