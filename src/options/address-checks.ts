import { parseRange } from "../address/address.js";
import { AddressSet } from "../address/address-set.js";
import { compilePattern, PatternError, type Pattern } from "../pattern/pattern.js";
import { check, list, type Check } from "./check.js";

/** IP addresses and CIDR ranges, made into a set. */
export function addressSetCheck(): Check<AddressSet> {
  const range = check("an IP address or CIDR range", (value) =>
    typeof value === "string" ? parseRange(value) : undefined,
  );
  const ranges = list(range);
  return {
    allowed: ranges.allowed,
    parse: (text) => ranges.parse(text),
    read(value, path, report) {
      if (value instanceof AddressSet) return value;
      const entries = ranges.read(value, path, report);
      return entries && AddressSet.from(entries);
    },
  };
}

/** One regular expression, as a `RegExp` or as text; a pattern that cannot be run safely is refused with the reason. */
export function patternCheck(
  subject: "uri" | "userAgent",
  options: { ignoreCase?: boolean } = {},
): Check<Pattern> {
  const allowed = "a regular expression or its text";
  return {
    allowed,
    parse: (text) => text,
    read(value, path, report) {
      if (typeof value !== "string" && !(value instanceof RegExp)) {
        report({ path, value, allowed });
        return undefined;
      }
      try {
        return compilePattern(options.ignoreCase === true ? ignoringCase(value) : value, { subject });
      } catch (error) {
        if (!(error instanceof PatternError)) throw error;
        report({ path, value, allowed: error.message });
        return undefined;
      }
    },
  };
}

function ignoringCase(pattern: string | RegExp): string | RegExp {
  if (typeof pattern === "string") return /^\(\?[a-z]*i/.test(pattern) ? pattern : `(?i)${pattern}`;
  return new RegExp(pattern.source, [...new Set(`${pattern.flags}i`)].join(""));
}
