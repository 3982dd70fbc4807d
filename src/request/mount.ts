import { canonicalPath, pathStart } from "./path.js";
import type { RequestLike } from "./request-like.js";

/** In characters; a longer mount point, which only a parameter can make, counts as none. */
const MAX_LENGTH = 512;

// A parameter of a mount point (`/:tenant`) is text of the client's: it must not lead to another origin.
const SAFE = /^(?:\/(?!\.)[\w.~!$&'()*+,;=:@%-]+)+$/;

/**
 * Returns the path below which a router has mounted the middleware that handles the request now, as the client spelled it; `""`
 * for none. Express says it in `baseUrl`; Connect only removes it from `url`.
 */
export function mountOf({ originalUrl, url, baseUrl }: RequestLike): string {
  if (originalUrl === undefined || originalUrl === url) return "";
  const start = pathStart(originalUrl);
  if (start < 0) return "";
  const path = originalUrl.slice(start);
  const mount = baseUrl ?? removedFrom(path, url ?? "");
  const safe = mount.length <= MAX_LENGTH && SAFE.test(mount) && path.startsWith(mount);
  return safe && !canonicalPath(mount).suspicious ? mount : "";
}

// What is left of "/admin" or "/admin?a" begins with a slash that the client did not send.
function removedFrom(path: string, url: string): string {
  const rest = url.slice(Math.max(0, pathStart(url)));
  if (path.endsWith(rest)) return path.slice(0, path.length - rest.length);
  return path.endsWith(rest.slice(1)) ? path.slice(0, path.length - rest.length + 1) : "";
}
