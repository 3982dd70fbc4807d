import type { RequestView } from "../core/request-view.js";

/** One response that counted, as a ban's data names it. */
export interface Evidence {
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly id: string;
  readonly method: string;
  /** The canonical path, at most 256 characters, without its query. */
  readonly path: string;
  readonly status: number;
  /** `true` for a picture or script that another site's page asked for (R24). */
  readonly crossSite?: boolean;
}

/** The note that is kept with a hit. */
export function noteOf(request: RequestView, status: number, now: number): string {
  const evidence: Evidence = {
    date: new Date(now).toISOString(),
    id: request.id,
    method: request.method.slice(0, 16),
    path: request.path.path.slice(0, 256),
    status,
    ...(isCrossSiteSubresource(request) ? { crossSite: true } : {}),
  };
  return JSON.stringify(evidence);
}

/** The notes that a window gave back. */
export function evidenceOf(notes: readonly string[]): Evidence[] {
  return notes.map((note) => JSON.parse(note) as Evidence);
}

// Only a browser sends these headers; a page of another site can make it ask for a hundred missing pictures.
function isCrossSiteSubresource(request: RequestView): boolean {
  const destination = request.header("sec-fetch-dest");
  return (
    request.header("sec-fetch-site") === "cross-site" &&
    destination !== undefined &&
    destination !== "document"
  );
}
