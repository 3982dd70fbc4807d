import { StoreFullError, type BanWrite, type Store } from "../store/store.js";
import { banKey } from "./ban.js";

/** The start of the store's keys that keep passes void after a ban. */
export const VOID_PREFIX = "state:void|";

/** Returns the store's key that keeps passes void after a ban. Its value is the time when the ban began, in ms. */
export function voidKey(subject: string, service: string | undefined): string {
  return VOID_PREFIX + banKey(subject, service).slice("ban:".length);
}

/** Writes such a key, which lives for `ttl` seconds (0 = for ever). A full store is no error: the ban itself still stands. */
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
  await Promise.all([isWritten, writeMark(store, VOID_PREFIX + key.slice("ban:".length), mark.began, left)]);
  return true;
}
