import { check, type Check } from "../options/check.js";

/** A suffix of host names, with or without the dot before it; read in lower case and without a dot at either end. */
export const suffixCheck: Check<string> = check(
  "a name such as .googlebot.com, of two or more labels",
  (value) => {
    if (typeof value !== "string" || value.length > 253) return undefined;
    const bare = value.toLowerCase().replace(/^\./, "").replace(/\.$/, "");
    // A bare top-level domain would let in any client that buys a name there.
    return /^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?$/.test(bare)
      ? bare
      : undefined;
  },
);

/** Whether `name` is the suffix or lies below it: `evilgooglebot.com` does not lie below `googlebot.com`. */
export function liesBelow(name: string, suffix: string): boolean {
  return name === suffix || name.endsWith(`.${suffix}`);
}
