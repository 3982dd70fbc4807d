import type { Hits } from "../store.js";

/** One hit of a sliding window, and behind it the older ones. A window is its newest hit. */
export class Hit {
  constructor(
    /** When, in ms. */
    readonly at: number,
    readonly weight: number,
    readonly note: string | undefined,
    public older: Hit | undefined,
  ) {}
}

/**
 * What the hits of the last `span` ms before `now` come to, the newest `limit` of them at most; the others are let go
 * of. A hit exactly `span` ms old is over.
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
