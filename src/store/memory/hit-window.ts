import type { Hits } from "../store.js";

/** One hit of a sliding window, linked to the older ones. A window is stored as its newest hit. */
export class Hit {
  constructor(
    /** The time in ms. */
    readonly at: number,
    readonly weight: number,
    readonly note: string | undefined,
    public older: Hit | undefined,
  ) {}
}

/** The bytes that a window takes on the heap. */
export function windowBytes(newest: Hit): number {
  let bytes = 0;
  for (let hit: Hit | undefined = newest; hit !== undefined; hit = hit.older)
    bytes += 56 + (hit.note === undefined ? 0 : textBytes(hit.note));
  return bytes;
}

/** The bytes that a text takes on the heap; texts beyond Latin-1 are counted as if they were in it. */
export function textBytes(text: string): number {
  return 24 + text.length;
}

/**
 * Counts the hits of the last `span` ms before `now`, at most the newest `limit`, and drops the others. A hit that is exactly
 * `span` ms old is dropped.
 */
export function countHits(newest: Hit, now: number, span: number, limit: number): Hits {
  let count = newest.weight;
  const notes = newest.note === undefined ? [] : [newest.note];
  let last = newest;
  for (let kept = 1; kept < limit; kept++) {
    const hit = last.older;
    if (hit === undefined || hit.at + span <= now) break;
    count += hit.weight;
    if (hit.note !== undefined) notes.push(hit.note);
    last = hit;
  }
  last.older = undefined;
  return { count, notes: notes.reverse() };
}
