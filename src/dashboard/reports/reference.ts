import { parseRange } from "../../address/address.js";
import type { Reference } from "../api.js";
import { ApiError } from "../api-error.js";
import type { Watched } from "../watched.js";
import { withEvidence } from "./address.js";
import { bansAbout } from "./bans.js";
import { eventRow } from "./events.js";

/** Finds why a visitor was refused, by the reference id that our page has shown. */
export async function reference(watched: Watched, text: string): Promise<Reference> {
  // People read it off a page, or out to someone.
  const id = text.trim().toLowerCase();
  const found = await watched.history.events({ id: text.trim(), limit: 20 });
  const { events } = found.events.length > 0 ? found : await watched.history.events({ id, limit: 20 });
  const [first] = events;
  if (first === undefined)
    throw new ApiError(
      404,
      "not_found",
      "nothing is known of this reference id: it may be mistyped, or older than what is kept",
      "id",
    );
  const range = parseRange(first.ip);
  const bans = range === undefined ? [] : await bansAbout(watched.context.banIndex, range);
  const [ban] = await withEvidence(watched, bans.slice(0, 1));
  return {
    id: first.id,
    events: await watched.geo.addTo(events.map(eventRow), ({ ip }) => ip),
    ...(ban === undefined ? {} : { ban }),
  };
}
