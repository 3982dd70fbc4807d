/** Longer paths are not worth a line of options. */
const MAX_LENGTH = 100;

/**
 * Returns a pattern that matches a canonical path and no other; `undefined` for one that is too long. It has no quote, space or `$`
 * besides the one at its end, so that it can be pasted into code, settings and files alike.
 */
export function exactPath(path: string): string | undefined {
  if (path.length > MAX_LENGTH) return undefined;
  const escaped = path.replace(/[^\w/~=,:@-]/g, (character) =>
    character === "." ? "\\." : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `^${escaped}$`;
}

/** Returns a line of options that adds a pattern to those that are ignored already. */
export function ignoring(part: "antibot" | "badBehavior", known: readonly string[], pattern: string): string {
  const list = [...known, pattern].map((one) => JSON.stringify(one)).join(", ");
  return `${part}: { ignoreUri: [${list}] }`;
}
