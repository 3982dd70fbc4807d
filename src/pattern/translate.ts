import { PatternError } from "./pattern-error.js";

// PCRE's \h, as it reads inside a class.
const HORIZONTAL_SPACE = "\\t \\u00a0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000";

// Letters after a backslash that mean the same in PCRE and JavaScript.
const SHARED_ESCAPES = "bBcdDfknrsStuwWx";

const PCRE_ESCAPES: Readonly<Record<string, string>> = {
  a: "write \\x07",
  C: "leave it out",
  e: "write \\x1b",
  E: "\\Q…\\E is not supported: escape each special character",
  g: "write \\1 or \\k<name> for a back-reference; recursion is not supported",
  G: "leave it out",
  H: "write [^\\t ]",
  K: "leave it out: a pattern is only tested for a match",
  N: "write [^\\n]",
  o: "write \\xHH",
  p: "pass a RegExp with the u flag instead of text",
  P: "pass a RegExp with the u flag instead of text",
  Q: "\\Q…\\E is not supported: escape each special character",
  R: "write (?:\\r\\n|\\n|\\r)",
  v: "write [\\n\\x0b\\f\\r]",
  V: "write [^\\n\\x0b\\f\\r]",
  X: "write .",
};

const GROUP_OPENERS: readonly (readonly [RegExp, string])[] = [
  [/^\(\?>/, "atomic groups (?>…) are not supported: write (?:…)"],
  [/^\(\?P/, "(?P…) is not supported: write (?<name>…) for a group and \\k<name> for a back-reference"],
  [/^\(\?#/, "comments (?#…) are not supported: leave them out"],
  [/^\(\?\|/, "branch reset (?|…) is not supported: write (?:…)"],
  [/^\(\?\(/, "conditionals (?(…)…) are not supported: write two alternatives"],
  [/^\(\?(?:R|&|[+-]?\d)/, "recursion is not supported"],
  [/^\(\?C\d*\)/, "callouts (?C) are not supported: leave them out"],
  [/^\(\?'/, "(?'name'…) is not supported: write (?<name>…)"],
  [/^\(\*/, "control verbs (*…) are not supported: leave them out"],
  [/^\(\?[a-zA-Z^-]+[):]/, "inline flags are supported only at the very start: (?i), (?s), (?m)"],
];

/**
 * Rewrites a pattern in BunkerWeb's syntax (PCRE) as JavaScript.
 *
 * @throws PatternError for syntax that only PCRE has, and for what JavaScript would read in another way
 */
export function translate(pattern: string): { source: string; flags: string } {
  const fail = (problem: string): never => {
    throw new PatternError(pattern, problem);
  };
  let flags = "";
  let at = 0;
  for (let lead = /^\(\?([ims]+)\)/.exec(pattern); lead; lead = /^\(\?([ims]+)\)/.exec(pattern.slice(at))) {
    for (const flag of lead[1] ?? "") if (!flags.includes(flag)) flags += flag;
    at += lead[0].length;
  }
  const multiline = flags.includes("m");
  let source = "";
  let inClass = false;
  while (at < pattern.length) {
    const char = pattern.charAt(at);
    if (char === "\\") {
      source += escapeOf(pattern.slice(at + 1, at + 3), inClass, multiline, fail);
      at += 2;
      continue;
    }
    if (inClass) {
      if (char === "[" && /^\[([:.=]).*?\1\]/.test(pattern.slice(at))) {
        fail("POSIX classes such as [[:alpha:]] are not supported: write [A-Za-z]");
      }
      if (char === "]") inClass = false;
    } else if (char === "[") {
      inClass = true;
      const first = pattern.charAt(at + 1) === "^" ? at + 2 : at + 1;
      if (pattern.charAt(first) === "]") fail('write "\\]" for a bracket at the start of a class');
    } else if (char === "(") {
      const rest = pattern.slice(at, at + 40);
      for (const [opener, problem] of GROUP_OPENERS) if (opener.test(rest)) fail(problem);
    } else if (
      char === "+" &&
      at > 0 &&
      /(?:[^\\](?:\\\\)*|^)(?:[*+?]|\{\d+(?:,\d*)?\})$/.test(pattern.slice(Math.max(0, at - 24), at))
    ) {
      fail("possessive quantifiers (*+, ++, ?+, {n,m}+) are not supported: leave the second + out");
    }
    source += char;
    at++;
  }
  return { source, flags };
}

function escapeOf(
  [char = "", next = ""]: string,
  inClass: boolean,
  multiline: boolean,
  fail: (problem: string) => never,
): string {
  if (char === "") fail("it ends in a lone backslash");
  if (char === "h") return inClass ? HORIZONTAL_SPACE : `[${HORIZONTAL_SPACE}]`;
  if (char === "A" || char === "z" || char === "Z") {
    if (inClass) fail(`\\${char} has no meaning in a class`);
    if (char === "A") return multiline ? "(?<![^])" : "^";
    if (char === "z") return multiline ? "(?![^])" : "$";
    return "(?=\\n?(?![^]))";
  }
  const advice = PCRE_ESCAPES[char];
  if (advice !== undefined) fail(`\\${char} is not supported: ${advice}`);
  if (char === "x" && next === "{") fail("\\x{…} is not supported: write \\xHH or \\uHHHH");
  if (char === "k" && next !== "<") fail(`\\k${next} is not supported: write \\k<name>`);
  if (/[A-Za-z]/.test(char) && !SHARED_ESCAPES.includes(char)) fail(`\\${char} is not supported`);
  return `\\${char}`;
}
