/** An option's value as the text of a setting; `undefined` when it has none. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "yes" : "no";
  // In full, never as 1e21.
  if (typeof value === "number" && Math.abs(value) < Infinity)
    return value >= 1e15 ? BigInt(Math.round(value)).toString() : String(value);
  if (value instanceof URL) return value.href.replace(/\/$/, "");
  if (value instanceof RegExp) return patternText(value);
  if (value instanceof Set || Array.isArray(value)) return wordsOf([...(value as Iterable<unknown>)]);
  return undefined;
}

/** The words of a list, as BunkerWeb separates them. */
export function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function patternText({ source, flags }: RegExp): string | undefined {
  const prefix = flags === "" ? "" : flags === "i" ? "(?i)" : undefined;
  return prefix === undefined ? undefined : prefix + source.replaceAll(" ", "\\x20");
}

function wordsOf(values: readonly unknown[]): string | undefined {
  const texts = values.map((value) => textOf(value));
  const whole = texts.every((text) => text !== undefined && text !== "" && !/\s/.test(text));
  return whole ? texts.join(" ") : undefined;
}
