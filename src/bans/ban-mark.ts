import { markKeyOf } from "../store/mark-key.js";
import { StoreFullError, type BanWrite, type Store } from "../store/store.js";
import { banKey } from "./ban.js";

/** Returns the store's key of the mark of a ban. */
export function voidKey(subject: string, service: string | undefined): string {
  return markKeyOf(banKey(subject, service));
}

/** Writes the mark of a ban for `ttl` seconds (0 = for ever). Ignores a full store, because the ban is in force without its mark. */
export async function writeMark(store: Store, key: string, began: number, ttl: number): Promise<void> {
  // The index remembers it for as long as there is anything to remember.
  if (store.ephemeral === true) return;
  try {
    await store.set(key, String(began), ttl);
  } catch (error) {
    // Older passes are valid again only after a restart.
    if (!(error instanceof StoreFullError)) throw error;
  }
}

/**
 * Writes a ban, and the mark that keeps passes issued before it void after it, on every instance and over a restart.
 *
 * @param mode `"add"` = only if the ban's key is absent
 * @returns whether the ban was written
 */
export async function writeBan(store: Store, ban: BanWrite, mode: "set" | "add"): Promise<boolean> {
  if (store.writeBan !== undefined) return store.writeBan(ban, mode);
  const { key, value, ttl, mark } = ban;
  const isWritten = mode === "set" ? store.set(key, value, ttl) : store.add(key, value, ttl);
  if (mode === "add" && (await isWritten) === false) return false;
  // Both writes of a ban that replaces another are sent at once, so that a store on a network needs one round trip.
  const left = ttl === 0 ? 0 : ttl + mark.retention;
  await Promise.all([isWritten, writeMark(store, markKeyOf(key), mark.began, left)]);
  return true;
}
