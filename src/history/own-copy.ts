/** Returns a copy of a text: a part of a long one would keep the whole in memory. */
export function ownCopy(text: string): string {
  return Buffer.from(text).toString();
}
