/**
 * The entries of a downloaded list: the first word of each line, without blank lines and comments (`#`, `;`). Read as
 * they are asked for, so that a large list need not be split at once.
 */
export function* listEntries(text: string): Generator<string> {
  let start = 0;
  while (start < text.length) {
    let end = text.indexOf("\n", start);
    if (end < 0) end = text.length;
    // A line longer than any address says nothing that we could use beyond its first word.
    const line = text.slice(start, Math.min(end, start + 1024)).trim();
    start = end + 1;
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    yield (/^[^\s#;]+/.exec(line) as RegExpExecArray)[0];
  }
}
