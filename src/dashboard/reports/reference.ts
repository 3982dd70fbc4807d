import { parseRange } from "../../address/address.js";
import type { Reference } from "../api.js";
import { ApiError } from "../api-error.js";
import type { Watched } from "../watched.js";
import { withEvidence } from "./address.js";
import { bansAbout } from "./bans.js";

/** Finds why a visitor was refused, by the reference id that our page has shown. */
export async function reference(watched: Watched, text: string, isOver: () => boolean): Promise<Reference> {
  const { events } = await watched.history.events({ id: idIn(text), limit: 20 });
  const [first] = events;
  if (first === undefined)
    throw new ApiError(
      404,
      "not_found",
      "nothing is known of this reference id: it may be mistyped, or older than what is kept",
      "id",
    );
  const range = parseRange(first.ip);
  const bans = range === undefined ? [] : await bansAbout(watched.context.banIndex, range, isOver);
  const [ban] = await withEvidence(watched, bans.slice(0, 1));
  return {
    id: first.id,
    events: await watched.geo.addTo(events, ({ ip }) => ip),
    ...(ban === undefined ? {} : { ban }),
  };
}

// People type an id as they like, and take a 0 for an O: ids have digits and capital letters without I, L, O and U (Crockford's base 32).
function idIn(text: string): string {
  return text.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
}
