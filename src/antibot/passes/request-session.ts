import type { RequestView } from "../../request/request-view.js";

/** The part of express-session's session that is used. */
export interface SessionLike {
  readonly id: string;
  regenerate(callback: (error?: unknown) => void): unknown;
  readonly cookie?: { originalMaxAge?: number | null | undefined };
  [name: string]: unknown;
}

/** The session field that holds the passes, one per service. */
const FIELD = "bunker";

/** The session that express-session put on a request; `undefined` = there is none (yet). */
export function sessionOf(request: RequestView): SessionLike | undefined {
  const { session } = request.raw as { session?: Partial<SessionLike> | null };
  return typeof session === "object" && session !== null && typeof session.regenerate === "function"
    ? (session as SessionLike)
    : undefined;
}

/** The pass that a session holds for a service, as it was signed. */
export function passIn(session: SessionLike, service: string): string | undefined {
  const passes = session[FIELD];
  if (typeof passes !== "object" || passes === null || !Object.hasOwn(passes, service)) return undefined;
  const pass = (passes as Record<string, unknown>)[service];
  return typeof pass === "string" ? pass : undefined;
}

/** Puts a pass, and the app's own data, into a session with a new id, so that an id planted beforehand is worthless. */
export async function keepInSession(request: RequestView, service: string, pass: string): Promise<void> {
  const before = sessionOf(request);
  if (before === undefined) throw new Error("the request has no session");
  const { cookie, ...kept } = before;
  await new Promise<void>((resolve, reject) => {
    before.regenerate((error) => {
      if (error === undefined || error === null) resolve();
      else reject(error instanceof Error ? error : new Error("the session got no new id"));
    });
  });
  const after = sessionOf(request);
  if (after === undefined) throw new Error("the session is gone after it got a new id");
  const passes = kept[FIELD];
  Object.assign(after, kept, {
    [FIELD]: { ...(typeof passes === "object" ? passes : {}), [service]: pass },
  });
  if (after.cookie !== undefined && cookie?.originalMaxAge !== undefined)
    after.cookie.originalMaxAge = cookie.originalMaxAge;
}
