/** Sent to the page that opened the fetch helper's dialog when the challenge was solved. */
export const SOLVED = "express-bunker:solved";
/** Sent when Escape was pressed inside the frame, where the opening page gets no key events. */
export const CLOSED = "express-bunker:closed";

/** Sends a message to the page that opened this frame, if it is of our own origin. */
export function notifyOpener(type: typeof SOLVED | typeof CLOSED): void {
  parent.postMessage({ type }, location.origin);
}
