import type { BanIndex, FoundBan } from "../bans/ban-index.js";
import { ApiError } from "./api-error.js";
import { TURNS } from "./turns.js";

/** Bans that are looked at in one turn: about a millisecond. */
const BATCH = 512;
/** Walks at the same time, in this process. */
const MAX_SCANS = 32;

let scans = 0;

/**
 * All bans in force, in batches. There may be a million, so requests are served between two batches, however many walks there are.
 *
 * @param isOver whether nobody wants the rest
 * @throws {ApiError} 503 where too many walks are under way
 */
export async function* bansInForce(
  banIndex: BanIndex,
  isOver: () => boolean,
): AsyncGenerator<readonly FoundBan[], void, undefined> {
  if (scans >= MAX_SCANS) throw new ApiError(503, "busy", "too many searches are under way; try again");
  scans++;
  try {
    for (const slice of banIndex.inForce()) {
      let first = 0;
      do {
        await TURNS.next();
        if (isOver()) return;
        yield slice.slice(first, first + BATCH);
        first += BATCH;
      } while (first < slice.length);
    }
  } finally {
    scans--;
  }
}
