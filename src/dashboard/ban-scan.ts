import type { BanIndex, FoundBan } from "../bans/ban-index.js";
import { ApiError } from "./api-error.js";
import { TURNS } from "./turns.js";

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
    await TURNS.next();
    for (const batch of banIndex.inForce()) {
      if (isOver()) return;
      yield batch;
      await TURNS.next();
    }
  } finally {
    scans--;
  }
}
