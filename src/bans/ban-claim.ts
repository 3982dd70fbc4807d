import { StoreFullError, type BanWrite, type Store } from "../store/store.js";
import { decodeBan, kindOf, type Ban, type BanKind } from "./ban.js";
import { writeBan } from "./ban-mark.js";

/** Bans whose ends differ by less are the same ban, in seconds. */
const SAME_END = 10;
/** For how long the replacement of a ban is left to the instance that began it, in seconds. */
const REPLACED_TTL = 10;

/**
 * The outcome of {@link claimBan}: `written` by this call; `unwritten`, since the store is away or holds a weaker ban, so that
 * the caller must write it; `lifted` by an operator meanwhile; no room; or the ban that was found instead.
 */
export type BanClaim =
  "written" | "unwritten" | "lifted" | StoreFullError | { readonly ban: Ban; readonly kind: BanKind };

/**
 * Writes a ban if its key is absent: of several instances that ban a client at once, one writes the ban. A ban that is there
 * stays if it lasts for `minTtl` seconds or longer, 0 = for ever. Never rejects.
 */
export async function claimBan(
  store: Store,
  ban: Ban,
  write: BanWrite,
  minTtl: number,
  now: () => number,
): Promise<BanClaim> {
  const { key } = write;
  try {
    if (await writeBan(store, write, "add")) return "written";
    const [value, left] = await Promise.all([store.get(key), store.ttl(key)]);
    if (value === undefined || left === undefined) return "lifted";
    const found = decodeBan(key, value, left === 0 ? 0 : now() + left * 1000);
    if (covers(found, ban, minTtl)) return { ban: found, kind: kindOf(value) };
    // Starts with the address, so that an unban clears it too.
    const service = ban.scope === "service" ? ban.service : "*";
    return (await store.add(`cache:${ban.ip}|replaced|${service}`, "1", REPLACED_TTL))
      ? "unwritten"
      : { ban, kind: "automatic" };
  } catch (error) {
    return error instanceof StoreFullError ? error : "unwritten";
  }
}

function covers(found: Ban, ban: Ban, minTtl: number): boolean {
  if (found.action === "challenge" && ban.action === "deny") return false;
  if (found.expires === null || minTtl === 0) return found.expires === null;
  const end = ban.date.getTime() + minTtl * 1000;
  return found.expires.getTime() >= end - Math.min(SAME_END, minTtl / 2) * 1000;
}
