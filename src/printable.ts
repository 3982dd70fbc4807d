// Control characters (C0 and C1), line separators, marks and overrides of direction: they act on a terminal or forge lines in a log.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g;
// Those that JSON leaves as they are; between its strings there are none, except for line feeds of the layout.
const UNESCAPED = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** A text from elsewhere made fit for logs and terminals, at most `max` characters long. */
export function printable(text: string, max = Infinity): string {
  return text.replace(UNPRINTABLE, "?").slice(0, max);
}

/** A value as JSON that is fit for logs and terminals: what is not printable in it is escaped. */
export function printableJson(value: unknown, indent?: number): string {
  // Functions and undefined have no JSON.
  const json = JSON.stringify(value, undefined, indent) as string | undefined;
  return (json ?? String(value)).replace(
    UNESCAPED,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
