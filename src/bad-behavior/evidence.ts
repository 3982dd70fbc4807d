import { printable } from "../printable.js";
import type { RequestView } from "../request/request-view.js";
import { evidencePath } from "./evidence-path.js";

/** A counted response, or a failure told by the app, in the data of a ban. */
export interface Evidence {
  /** When: ISO 8601, UTC. */
  readonly date: string;
  /** The reference id of the request. */
  readonly id: string;
  readonly method: string;
  /** The canonical path without its query: percent-encoded ASCII, at most 64 characters. */
  readonly path: string;
  /** 499 = the client left, and no status was set; 0 = a failure told by the app. */
  readonly status: number;
  /** What failed, as the app says it with `req.bunker.fail`: at most 32 characters. */
  readonly reason?: string;
  /** `true` if it looks like a picture, script or the like that a page of another site requested. */
  readonly crossSite?: boolean;
}

/** Returns the note that the store keeps with a counted response. */
export function noteOf(request: RequestView, status: number, now: number, reason?: string): string {
  const crossSite = isCrossSite(request);
  const evidence: Evidence = {
    date: new Date(now).toISOString(),
    id: request.id,
    method: request.method.slice(0, 8),
    path: evidencePath(request.path.path),
    status,
    ...(reason === undefined ? {} : { reason: printable(reason, 32) }),
    ...(crossSite ? { crossSite } : {}),
  };
  return JSON.stringify(evidence);
}

/** The destinations of subresources, which a page can have requested in any number. */
const SUBRESOURCES = new Set([
  "audio",
  "audioworklet",
  "font",
  "image",
  "manifest",
  "paintworklet",
  "script",
  "serviceworker",
  "sharedworker",
  "style",
  "track",
  "video",
  "worker",
  "xslt",
]);

// Whoever is not a browser can write all of these headers.
function isCrossSite(request: RequestView): boolean {
  if (request.method !== "GET" && request.method !== "HEAD") return false;
  const [site, mode, destination] = ["site", "mode", "dest"].map((name) =>
    request.header(`sec-fetch-${name}`),
  );
  if (site !== undefined || mode !== undefined || destination !== undefined) {
    const elsewhere = site === "cross-site" || site === "same-site";
    return elsewhere && mode === "no-cors" && SUBRESOURCES.has(destination ?? "");
  }
  // Over plain http browsers send none of them.
  return !request.wantsDocument && hasForeignReferer(request);
}

function hasForeignReferer(request: RequestView): boolean {
  const referer = request.header("referer")?.slice(0, 2048);
  const host = request.header("host") ?? request.header(":authority");
  if (referer === undefined || host === undefined || !URL.canParse(referer)) return false;
  const { protocol, host: from } = new URL(referer);
  const own = `${protocol}//${host}`;
  return from !== "" && URL.canParse(own) && new URL(own).host !== from;
}
