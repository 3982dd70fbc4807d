import fc from "fast-check";
import { readCookies, serializeCookie } from "../../src/request/cookies.js";

// The same by splitting: slow, and easy to check by eye.
function naive(header: string, name: string, max: number): string[] {
  return header
    .split(";")
    .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)] as const)
    .filter(
      ([key], index) =>
        header.split(";")[index]!.includes("=") && key.replace(/^[ \t]+|[ \t]+$/g, "") === name,
    )
    .map(([, value]) => value.replace(/^[ \t]+|[ \t]+$/g, "").replace(/^"(.*)"$/s, "$1"))
    .slice(0, max);
}

describe("readCookies", () => {
  test.each([
    [undefined, []],
    ["", []],
    ["id=1", ["1"]],
    ["a=b; id=1; c=d", ["1"]],
    ["id=1;id=2; id=3;\tid=4; id=5", ["1", "2", "3", "4"]],
    ['id="quoted"', ["quoted"]],
    ['id="', ['"']],
    ["id=", [""]],
    ["id", []],
    ["id;id=1", ["1"]],
    ["id = 1 ", ["1"]],
    ["id=a=b", ["a=b"]],
    ["id=%41", ["%41"]],
    ["xid=1; idx=2; ID=3", []],
    ["a=id=1", []],
    ["a=x id=1", []],
    ["idid=1;id=2", ["2"]],
  ])("R17 %j", (header, values) => {
    expect(readCookies(header, "id")).toEqual(values);
  });

  test("R17 reads as splitting the header would", () => {
    const piece = fc.constantFrom("id", "i", "d", "=", ";", "; ", " ", "\t", '"', "x", "1", "ididid");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), fc.integer({ min: 1, max: 5 }), (pieces, max) => {
        const header = pieces.join("");
        expect(readCookies(header, "id", max)).toEqual(naive(header, "id", max));
      }),
      { numRuns: 3000 },
    );
  });

  test("R17 junk never throws, and gives no more than asked for", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.string({ unit: "binary", maxLength: 5 }),
        fc.nat(3),
        (header, name, max) => {
          expect(readCookies(header, name, max).length).toBeLessThanOrEqual(max);
        },
      ),
    );
    expect(readCookies("id=1", "")).toEqual([]);
    const flood = "id=1;".repeat(3_000);
    expect(readCookies(flood, "id")).toEqual(["1", "1", "1", "1"]);
  });
});

describe("serializeCookie", () => {
  test("R17 writes every attribute", () => {
    expect(
      serializeCookie("__Host-pass", "abc", {
        path: "/",
        maxAge: 60,
        expires: new Date(0),
        httpOnly: true,
        secure: true,
        sameSite: "none",
        partitioned: true,
      }),
    ).toBe(
      "__Host-pass=abc; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; Secure; SameSite=None; Partitioned",
    );
    expect(serializeCookie("a", "", { domain: "example.com", sameSite: "lax" })).toBe(
      "a=; Domain=example.com; SameSite=Lax",
    );
  });

  test("R17 what it writes can be read, and nothing can be smuggled in", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.string({ unit: "binary" }),
        fc.string({ unit: "binary" }),
        (name, value, path) => {
          let cookie: string;
          try {
            cookie = serializeCookie(name, value, { path });
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError);
            return;
          }
          expect(cookie).toMatch(/^[!-~]+=[!-~]*; Path=\/[!-~]*$/);
          expect(cookie.split(";")).toHaveLength(2);
          expect(readCookies(cookie, name)).toEqual([value]);
        },
      ),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.base64String(), (value) => {
        expect(readCookies(serializeCookie("a", value), "a")).toEqual([value]);
      }),
    );
  });

  test.each([
    ["", "x", {}],
    ["a b", "x", {}],
    ["a=b", "x", {}],
    ["a", "x;y", {}],
    ["a", 'x"', {}],
    ["a", "x\r\n", {}],
    ["a", "é", {}],
    ["a", "x".repeat(4096), {}],
    ["a", "x", { path: "x" }],
    ["a", "x", { path: "/;x" }],
    ["a", "x", { domain: "a;b" }],
    ["a", "x", { domain: "a..b" }],
    ["a", "x", { maxAge: 1.5 }],
    ["a", "x", { expires: new Date(NaN) }],
    ["a", "x", { sameSite: "none" }],
    ["a", "x", { partitioned: true }],
    ["__Host-a", "x", { path: "/" }],
    ["__Host-a", "x", { secure: true }],
    ["__Host-a", "x", { secure: true, path: "/", domain: "a.b" }],
    ["__secure-a", "x", {}],
  ] as const)("R17 refuses %j=%j %j", (name, value, attributes) => {
    expect(() => serializeCookie(name, value, attributes)).toThrow(TypeError);
  });
});
