/** The maximum length of a path in the evidence of a ban. */
const MAX_LENGTH = 64;
/** A character of such a path: an escape, or one that needs none. */
const CHARACTER = /%[0-9A-F]{2}|[!#$&-;=?-[\]_a-z~]/gy;

/**
 * Returns a path for the evidence of a ban: in percent-encoded ASCII, cut at 64 characters, so that clients cannot choose how
 * much memory it takes.
 */
export function evidencePath(path: string): string {
  const encoded = path
    .slice(0, MAX_LENGTH)
    .replace(/[^!#$&-;=?-[\]_a-z~]+/g, (text) =>
      Buffer.from(text).toString("hex").toUpperCase().replace(/../g, "%$&"),
    );
  if (encoded.length <= MAX_LENGTH) return encoded;
  // Never in the middle of an escape.
  let length = 0;
  for (const [character] of encoded.matchAll(CHARACTER)) {
    if (length + character.length > MAX_LENGTH) break;
    length += character.length;
  }
  return encoded.slice(0, length);
}
