import fc from "fast-check";
import { canonicalPath } from "../../src/request/path.js";
import { DEFAULT_IGNORED } from "../../src/bad-behavior/options.js";
import { compilePattern, ownPattern, PatternError } from "../../src/pattern/pattern.js";
import { uriMatches } from "../../src/request/path.js";

describe("compilePattern: syntax", () => {
  test.each([
    ["^/api/", "/api/x", true],
    ["^/api/", "/API/x", false],
    ["/x", "/a/x/b", true],
    ["(?i)googlebot", "Mozilla (compatible; GoogleBot/2.1)", true],
    ["(?i)(?s)a.b", "A\nB", true],
    ["(?im)^b$", "a\nB", true],
    ["\\A/x\\z", "/x", true],
    ["\\A/x\\z", "/x\n", false],
    ["\\A/x\\z", "a/x", false],
    ["(?m)\\A/x\\z", "a\n/x", false],
    ["(?m)\\A/x\\z", "/x\nb", false],
    ["/x\\Z", "/x\n", true],
    ["/x\\Z", "/x\nb", false],
    ["a\\hb", "a\tb", true],
    ["a[\\hx]b", "a b", true],
    ["a\\hb", "a\nb", false],
    ["\\\\A", "\\A", true],
    ["[(?>]", ">", true],
    ["a\\++", "a++", true],
    ["[*]+", "**", true],
    ["[\\]]", "]", true],
    ["(?<year>\\d{4})", "in 2026", true],
    ["(?=a)(?!b)(?<=a|^)(?<!x)", "ab", true],
    ["", "anything", true],
    [".*", "", true],
    [".+x", "x", false],
    [".+x", "ax", true],
  ])("R12 %s on %j: %s", (source, text, expected) => {
    const pattern = compilePattern(source);
    expect(pattern.source).toBe(source);
    expect(pattern.test(text)).toBe(expected);
  });

  test.each([
    ["a++", "possessive"],
    ["a*+", "possessive"],
    ["a?+", "possessive"],
    ["a{2,3}+", "possessive"],
    ["(?>a)", "atomic"],
    ["(?P<name>a)", "(?<name>"],
    ["(?P=name)", "\\k<name>"],
    ["a\\Kb", "\\K"],
    ["\\R", "\\R"],
    ["\\Ga", "\\G"],
    ["(a(?R)?b)", "recursion"],
    ["(a(?1)?b)", "recursion"],
    ["(?&name)", "recursion"],
    ["[[:alpha:]]", "POSIX"],
    ["\\Qa.b\\E", "\\Q"],
    ["(a)?(?(1)b|c)", "conditionals"],
    ["a(?i)b", "very start"],
    ["a(?i:b)", "very start"],
    ["(?x)a b", "very start"],
    ["(?-i)a", "very start"],
    ["(?#comment)a", "comments"],
    ["(?|a|b)", "branch reset"],
    ["(*UTF8)a", "control verbs"],
    ["\\x{41}", "\\xHH"],
    ["\\p{L}", "u flag"],
    ["[]a]", "\\]"],
    ["[^]a]", "\\]"],
    ["[\\A]", "class"],
    ["\\y", "\\y"],
    ["a\\", "backslash"],
    ["a(", "not a regular expression"],
    ["[a", "not a regular expression"],
    ["*a", "not a regular expression"],
    ["a".repeat(9000), "split it"],
  ])("R12 %s is refused with advice", (source, advice) => {
    expect(() => compilePattern(source)).toThrow(PatternError);
    expect(() => compilePattern(source)).toThrow(advice);
  });

  test("R12 a RegExp keeps its flags, except those that carry state", () => {
    const pattern = compilePattern(/abc/giy);
    expect([1, 2, 3].map(() => pattern.test("xABC"))).toEqual([true, true, true]);
    expect(compilePattern(/\p{Lu}/u).test("É")).toBe(true);
    expect(compilePattern(new RegExp("[\\p{L}--[a-z]]", "v")).test("a")).toBe(false);
    expect(compilePattern(/^b/m).test("a\nb")).toBe(true);
    expect(compilePattern(/x/).test("X")).toBe(false);
  });

  test("R12 any text either makes a pattern that answers, or a PatternError", () => {
    const piece = fc.constantFrom(
      "a",
      "b",
      ".",
      "*",
      "+",
      "?",
      "(",
      ")",
      "(?:",
      "[",
      "]",
      "^",
      "$",
      "|",
      "{2}",
      "{1,}",
      "\\d",
      "\\A",
      "\\h",
      "\\",
      "(?i)",
      "(?=",
      "(?<n>",
      "\\1",
      "\\k<n>",
      "-",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), fc.string(), (pieces, text) => {
        try {
          expect(typeof compilePattern(pieces.join("")).test(text)).toBe("boolean");
        } catch (error) {
          expect(error).toBeInstanceOf(PatternError);
        }
      }),
      { numRuns: 1500 },
    );
  });
});

describe("compilePattern: work", () => {
  test.each([
    "(a+)+",
    "(a+)+$",
    "(a*)*",
    "(a|a)*",
    "(a|aa)+$",
    "(a|a?)+$",
    "(.*a){20}",
    "(x+x+)+y",
    "^(\\w+\\s?)*$",
    "(?:a?){25}a{25}",
    "a?".repeat(24) + "a".repeat(24),
    "(.{0,9}x){0,9}y",
    "((a*)+)*b",
    "(?:x(?:a?)+)*y",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+$",
    "(\\d+|\\w+)*!",
    "(?:a|b|ab)*c",
    "(?=(a+)+b)",
    "(?!(?:a|a)*b)c",
    "(?<=(a+)+b)c",
    "(?i)(a|A)*b",
    "([^/]|%2f|.)*x",
    "(a+)*\\1b",
    "a.*b.*c.*d.*e",
  ])("R12 %s is refused", (source) => {
    expect(() => compilePattern(source)).toThrow("could keep it busy");
  });

  test("R12 a RegExp is judged like text, with its flags", () => {
    expect(() => compilePattern(/(?:a|A)*b/i)).toThrow(PatternError);
    expect(compilePattern(/(?:a|A)*b/).limit).toBe(2048);
    expect(() => compilePattern(/(?:\w|ſ)*b/iu)).toThrow(PatternError);
    expect(() => compilePattern(/(?:\p{L}|a)*b/u)).toThrow(PatternError);
  });

  test.each([
    "^/api/",
    "^/webhook/",
    "^/assets/",
    "(?i)googlebot",
    "\\A/x\\z",
    "^/api/[a-z]+/[a-z]+$",
    "^/static/.*\\.(?:css|js|png)$",
    "\\.(?:css|js|png|jpe?g|svg)$",
    "^/(?!admin)",
    "^\\d+(\\.\\d+)*$",
    "^/search\\?q=",
    "UptimeRobot/\\d+\\.\\d+",
    "(?i)(googlebot|bingbot|yandex|baidu(spider)?|duckduck(bot|go))",
    "[0-9a-f]{32}",
    "^(/[^/]+)+/?$",
    ".*bot",
    "(.*)\\?(.*)",
    "(?i)(" + Array.from({ length: 300 }, (_, index) => `crawler${index}`).join("|") + ")",
  ])("R12 %s is linear and sees everything", (source) => {
    const pattern = compilePattern(source, { subject: "userAgent" });
    expect(pattern.limit).toBe(Infinity);
  });

  test.each(["^Mozilla.+Chrome.+Safari", ".*x.*y", "\\s+$", "a+b", "^.*(curl|wget).*$", "(?=.*x)y"])(
    "R12 %s is polynomial: 2048 characters of a URI, 256 of a User-Agent",
    (source) => {
      expect(compilePattern(source).limit).toBe(2048);
      expect(compilePattern(source, { subject: "userAgent" }).limit).toBe(256);
    },
  );

  test("R12 the steeper the growth, the fewer characters are seen", () => {
    expect(compilePattern("a.*b.*c").limit).toBe(369);
    expect(compilePattern("a.*b.*c.*d").limit).toBe(119);
  });

  test("R12 beyond its limit a polynomial pattern matches only what it has wholly seen", () => {
    const pattern = compilePattern("a+b");
    expect(pattern.test("b".repeat(2046) + "ab")).toBe(true);
    expect(pattern.test("b".repeat(2047) + "ab")).toBe(false);
    expect(pattern.test("ab" + "b".repeat(5000))).toBe(true);
    // The cut must not pass for the end of the text.
    const styles = compilePattern("a+.+\\.css$");
    expect(styles.test("a/x.css")).toBe(true);
    expect(styles.test("a".repeat(2044) + ".css/../admin")).toBe(false);
    expect(compilePattern("a+x(?!y)").test("a".repeat(2047) + "xy")).toBe(false);
    expect(compilePattern("a+x\\b").test("a".repeat(2047) + "xy")).toBe(false);
  });

  test("R12 a leading .* is dropped where that changes nothing", () => {
    const body = fc.constantFrom("x", "x.*y", "(?:x|y)$", "^x", "x+y", "$", "[^x]y", "(?:^|y)x");
    const lead = fc.constantFrom(".*", ".*?", ".+", ".+?", "(.*)", "(?:.*)", ".*.*");
    const text = fc.string({ unit: fc.constantFrom("x", "y", "z", "\n"), maxLength: 12 });
    fc.assert(
      fc.property(lead, body, lead, body, text, (lead1, body1, lead2, body2, subject) => {
        const source = `${lead1}${body1}|${lead2}${body2}`;
        expect(compilePattern(source).test(subject)).toBe(new RegExp(source).test(subject));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("uriMatches", () => {
  test.each([
    ["^/api/", "/api/x", true],
    ["^/api/", "/%61pi/x", true],
    ["^/api/", "http://host/api/x", true],
    ["^/api/", "/x?/api/", false],
    ["/api/", "/x?/api/", false],
    ["^/search\\?q=", "/search?q=1", true],
    ["^/search\\?q=", "/search", false],
    ["^/search[?]q=", "/search?q=1", false],
    ["^/search\\\\?q=", "/search?q=1", false],
    ["^/api/", "/api/..%2fadmin", false],
    ["^/api/", "/api/../admin", false],
    ["^/api/", "/api//x", false],
    ["^/api/", "/api/%00", false],
    [".*", "*", false],
  ])("R7 %s on %s: %s", (source, url, expected) => {
    expect(uriMatches(compilePattern(source), canonicalPath(url))).toBe(expected);
  });

  test("R7 only an escaped question mark is about the query", () => {
    const about = (source: string | RegExp) => compilePattern(source).matchesQuery;
    expect([
      about("a\\?b"),
      about(/a\?b/),
      about("a?b"),
      about("a\\\\?b"),
      about("[?]"),
      about("\\\\\\?"),
    ]).toEqual([true, true, false, false, false, true]);
  });
});

test("the patterns of our own, which are not analysed at run time, are linear and mean the same when they are", () => {
  for (const source of DEFAULT_IGNORED) {
    const [own, analysed] = [ownPattern(source), compilePattern(source)];
    const test = expect.any(Function) as unknown;
    expect(own).toEqual({ ...analysed, test });
    for (const path of ["/favicon.ico", "/favicon.icon", "/apple-touch-icon-120.png", "/robots.txt", "/x"])
      expect(own.test(path)).toBe(analysed.test(path));
  }
});
