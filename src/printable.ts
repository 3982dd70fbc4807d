// Control characters, line separators and direction overrides: they act on a terminal or forge lines in a log.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g;

/** A text from elsewhere made fit for logs and terminals, at most `max` characters long. */
export function printable(text: string, max = Infinity): string {
  return text.replace(UNPRINTABLE, "?").slice(0, max);
}
