import type { Client } from "./client.js";
import type { RequestView } from "./request-view.js";
import { normalHost } from "./services.js";

/** Whether the visitor's connection is encrypted: this socket, or by a trusted proxy's `X-Forwarded-Proto`. */
export function isSecure(client: Client, request: RequestView): boolean {
  if (request.raw.socket?.encrypted === true) return true;
  if (!client.proxied) return false;
  const proto = request.header("x-forwarded-proto");
  if (proto === undefined || proto === "https") return proto === "https";
  return proto.split(",", 1)[0]?.trim().toLowerCase() === "https";
}

/**
 * Whether a post comes from a page of the same origin. Browsers always send the headers that show it; other programs have no
 * user that another site could trick, so a post without them counts as same-origin.
 */
export function isSameOriginPost(request: RequestView): boolean {
  const site = request.header("sec-fetch-site");
  if (site !== undefined) return site === "same-origin";
  const origin = request.header("origin");
  if (origin === undefined) return true;
  const host = request.header("host") ?? request.raw.headers[":authority"];
  try {
    return typeof host === "string" && normalHost(new URL(origin).host) === normalHost(host);
  } catch {
    return false;
  }
}
