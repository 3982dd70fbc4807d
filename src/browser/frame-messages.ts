/** What a challenge page in the fetch helper's dialog tells the page that opened it. */
export const SOLVED = "express-bunker:solved";
/** What it tells when Escape was pressed inside the frame, where the opening page cannot hear it. */
export const CLOSED = "express-bunker:closed";

/** Tells the page that opened this frame, if it is of our own origin. */
export function tellOpener(type: typeof SOLVED | typeof CLOSED): void {
  parent.postMessage({ type }, location.origin);
}
