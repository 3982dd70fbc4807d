import fc from "fast-check";
import { canonicalPath, isBuiltInPass, isSurelyOther } from "../../src/request/path.js";

describe("canonicalPath", () => {
  test.each([
    ["/", "/", ""],
    ["/a/b.html?x=1&y=//../", "/a/b.html", "?x=1&y=//../"],
    ["/a?x#frag", "/a", "?x"],
    ["/a#frag?x", "/a", ""],
    ["/a?", "/a", "?"],
    ["/%61dmin", "/admin", ""],
    ["/caf%C3%A9%20x", "/café x", ""],
    ["/a%3Fb?c", "/a?b", "?c"],
    ["/100%25", "/100%", ""],
    ["/.well-known/acme", "/.well-known/acme", ""],
    ["/.hidden/..file/a..b/...", "/.hidden/..file/a..b/...", ""],
    ["/a/", "/a/", ""],
    ["http://host/x?y", "/x", "?y"],
    ["HTTPS://Host:8080/x", "/x", ""],
    ["http://[::1]:80/x", "/x", ""],
    ["http://host", "/", ""],
    ["http://host?x", "/", "?x"],
    ["http://host#x", "/", ""],
    ["ws://host/x", "/x", ""],
  ])("R7 %s is the path %s", (url, path, query) => {
    expect(canonicalPath(url)).toEqual({ path, query, suspicious: false });
  });

  test.each([
    "/api/..%2fadmin",
    "/api/../admin",
    "/api/..",
    "/api/.",
    "/api/./x",
    "/./x?y",
    "/..?x",
    "/api/..#x",
    "/api//x",
    "//evil.example/x",
    "/%2e%2e/",
    "/api/%2E%2e",
    "/api/.%2e/x",
    "/api/%2e",
    "/api%2fx",
    "/api%2Fx",
    "/api%5cx",
    "/api%5Cx",
    "/api\\x",
    "/api/%00",
    "/api/\0",
    "/api/%0a",
    "/api/%7f",
    "/api/x%",
    "/api/%zz",
    "/api/%c0%af",
    "/api/%ff",
    "/api/%252e%252e/x",
    "/api/%252fx",
    "/api/%25252fx",
    "/api/%2500",
    "/admin\u00a0",
    "/admin\ufeff",
    "/ad min",
    "\t/admin",
    "*",
    "",
    "host:443",
    "admin",
    "http:/admin",
    "http:///admin",
    "http://a;b/admin",
    "http://user@host/admin",
    "http://host:port/admin",
    "http://host\\admin",
    "javascript://x/admin",
  ])("R7 %j is suspicious", (url) => {
    expect(canonicalPath(url).suspicious).toBe(true);
  });

  test("R7 any way of writing a traversal is suspicious", () => {
    const dot = fc.constantFrom(".", "%2e", "%2E");
    const slash = fc.constantFrom("/", "%2f", "%2F", "\\", "%5c", "%5C");
    const up = fc
      .tuple(dot, fc.oneof(dot, fc.constant("")), fc.oneof(slash, fc.constant("")))
      .map((parts) => parts.join(""));
    const word = fc.constantFrom("api", "admin", "a.b", "%61");
    fc.assert(
      fc.property(
        word,
        slash,
        up,
        fc.oneof(word, fc.constant("")),
        fc.constantFrom("", "?q", "#f"),
        (head, mid, dots, tail, end) => {
          // Without a slash after the dots, a word would make them part of a name.
          const rest = /(?:\/|\\|%2f|%5c)$/i.test(dots) ? tail : "";
          expect(canonicalPath(`/${head}${mid}${dots}${rest}${end}`).suspicious).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("R7 what is not suspicious has one reading: encoding it again changes nothing, and no telling part is left", () => {
    const piece = fc.constantFrom(
      "/",
      "a",
      "B",
      ".",
      "..",
      "%",
      "%2e",
      "%2f",
      "%5c",
      "%00",
      "%25",
      "%41",
      "%c3%a9",
      "\\",
      "?",
      "#",
      "é",
      "\0",
      " ",
      "%zz",
      ";",
      "//",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const url = `/${pieces.join("")}`;
        const { path, query, suspicious } = canonicalPath(url);
        expect(query === "" || query.startsWith("?")).toBe(true);
        if (suspicious) return;
        expect(path.startsWith("/")).toBe(true);
        expect(path).not.toMatch(/\/\/|\\|\/\.\.?(?:\/|$)|[\0-\x1f\x7f]/);
        expect(decodeURIComponent(url.split(/[?#]/)[0]!)).toBe(path);
        const again = canonicalPath(path.split("/").map(encodeURIComponent).join("/"));
        expect(again).toEqual({ path, query: "", suspicious: false });
      }),
      { numRuns: 2000 },
    );
  });

  test("R7 junk never throws", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary" }), fc.webUrl({ withQueryParameters: true })),
        (url) => {
          expect(typeof canonicalPath(url).path).toBe("string");
        },
      ),
      { numRuns: 500 },
    );
    expect(canonicalPath(`/${"%".repeat(100_000)}`).suspicious).toBe(true);
  });
});

test("R7 a URL that is surely another one is neither the gate's own, however it is spelled, nor a built-in pass", () => {
  const own = "/a/challenge";
  const piece = fc.constantFrom(
    ...["/a", "/challenge", "/", "//", "/..", "/.", "a", "%61", "%2f", "\\", "?", "#", ";", "é", " ", "\0"],
    ...["/robots.txt", "/favicon.ico", "/.well-known/", "http://host", "%", "*"],
  );
  let sure = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const url = pieces.join("");
      if (!isSurelyOther(url, own)) return;
      sure++;
      const path = canonicalPath(url);
      expect([path.path.startsWith(own), isBuiltInPass(path)]).toEqual([false, false]);
    }),
    { numRuns: 5000 },
  );
  expect(sure).toBeGreaterThan(500);
});

describe("isBuiltInPass", () => {
  test.each([
    "/robots.txt",
    "/robots.txt?x",
    "/favicon.ico",
    "/.well-known/x",
    "/.well-known/acme-challenge/y",
    "http://host/robots.txt",
  ])("R8 %s passes", (url) => {
    expect(isBuiltInPass(canonicalPath(url))).toBe(true);
  });

  test.each([
    "/robots.txt/",
    "/Robots.txt",
    "/x/robots.txt",
    "/robots.txtx",
    "/favicon.ico/../admin",
    "/.well-known",
    "/.well-known/../admin",
    "/.well-known/%2e%2e/admin",
    "/.well-known/..%2fadmin",
    "/.well-known//x",
    "/.well-knownx/",
    "//.well-known/x",
    "http://a;b/robots.txt",
    "/",
  ])("R8 %s does not", (url) => {
    expect(isBuiltInPass(canonicalPath(url))).toBe(false);
  });
});
