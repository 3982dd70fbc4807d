import { antibot } from "../../../src/index.js";
import { gatedSite, type GatedSite } from "./site.js";

let site: GatedSite | undefined;
afterEach(async () => {
  await site?.served.close();
  site = undefined;
});

test("R22 a cookie lets in whom its verify says yes to", async () => {
  site = await gatedSite({
    ignoreCookie: { name: "member", verify: (value, req) => value === "yes" && req.url === "/page" },
  });
  expect(await site.visit("8.8.8.8", { Cookie: "member=yes" })).toBe("let in");
  expect(await site.visit("8.8.8.8", { Cookie: "member=no" })).toBe("challenged");
  expect(await site.visit("8.8.8.8", { Cookie: "remember=yes" })).toBe("challenged");
  expect(site.warnings).toEqual([]);
});

test("R22 a bare name lets in whoever sends it, and is warned about", async () => {
  site = await gatedSite({ ignoreCookie: "member" });
  expect(await site.visit("8.8.8.8", { Cookie: "member=anything" })).toBe("let in");
  expect(site.warnings.join()).toContain("WRN_BUNKER_IGNORE_COOKIE");
});

test.each([
  [
    "throws",
    () => {
      throw new Error("broken");
    },
  ],
  ["answers a promise", () => Promise.resolve(true) as unknown as boolean],
  ["answers what is not true", () => "yes" as unknown as boolean],
])("R11 a verify that %s lets nobody in", async (how, verify) => {
  site = await gatedSite({ ignoreCookie: [{ name: "member", verify }] });
  expect(await site.visit("8.8.8.8", { Cookie: "member=yes" })).toBe("challenged");
  expect(site.events).toHaveLength(how.startsWith("answers what") ? 0 : 1);
});

test.each([[""], ["a b"], [{ name: "a" }], [{ name: "a", verify: () => true, more: 1 }], [5]])(
  "%j is no cookie rule",
  (rule) => {
    expect(() => antibot({ challenge: "cookie", ignoreCookie: rule as never })).toThrow(/ignoreCookie/);
  },
);
