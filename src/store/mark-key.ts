/** The start of the keys that keep passes void after a ban. */
export const VOID_PREFIX = "state:void|";

/** Returns the key of the mark that a ban leaves, by the ban's key. Its value is the time when the ban began, in ms. */
export function markKeyOf(banKey: string): string {
  return VOID_PREFIX + banKey.slice("ban:".length);
}
