import type { RequestView } from "../request/request-view.js";

/** One response that counted, as a ban's data names it. */
export interface Evidence {
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly id: string;
  readonly method: string;
  /** The canonical path, at most 128 characters, without its query. */
  readonly path: string;
  readonly status: number;
  /** `true` for what another site's page made the browser ask for. */
  readonly crossSite?: boolean;
}

/** The note that is kept with a hit. */
export function noteOf(request: RequestView, status: number, now: number): string {
  const evidence: Evidence = {
    date: new Date(now).toISOString(),
    id: request.id,
    method: request.method.slice(0, 16),
    path: request.path.path.slice(0, 128),
    status,
    ...(isCrossSite(request) ? { crossSite: true } : {}),
  };
  return JSON.stringify(evidence);
}

/** The notes that a window gave back. */
export function evidenceOf(notes: readonly string[]): Evidence[] {
  return notes.map((note) => JSON.parse(note) as Evidence);
}

// Only a browser sends this header; a page of another site can make it ask for a hundred missing pictures, and lead it to a
// few missing pages as well.
function isCrossSite(request: RequestView): boolean {
  return request.header("sec-fetch-site") === "cross-site";
}
