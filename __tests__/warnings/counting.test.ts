import { compilePattern } from "../../src/pattern/pattern.js";
import { canonicalPath, uriMatches } from "../../src/request/path.js";
import { exactPath, ignoring } from "../../src/warnings/exact-path.js";
import { Jar, browse } from "../support/ask.js";
import { addressOf, adviceOf, pasted, watched, type WatchedSite } from "./watched.js";

const OWN_PAGE = { headers: { "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "style" } };

describe("one path makes most 404 responses that count", () => {
  const CODE = "WRN_BUNKER_ONE_PATH";
  const options = { badBehavior: { threshold: 1000 } };

  const miss = async (
    { status }: WatchedSite,
    path: (i: number) => string,
    times: number,
    ask = OWN_PAGE as { headers: Record<string, string> },
  ): Promise<void> => {
    for (let i = 0; i < times; i++) await status(addressOf(i % 12), path(i), ask);
  };

  test("that the site's own pages ask for: the pasted line has it count no more", async () => {
    const site = await watched(options);
    await miss(site, () => "/missing.css?v=1", 49);
    expect(site.told(CODE)).toEqual([]);
    await miss(site, () => "/missing.css", 1);
    expect(site.told(CODE)).toMatchObject([{ data: { about: "/missing.css", level: "alarm" } }]);
    const { badBehavior } = pasted(adviceOf(site.told(CODE)[0]));
    // What is ignored by default stays ignored.
    expect(badBehavior).toEqual({
      ignoreUri: ["^/favicon\\.ico$", "^/apple-touch-icon", "^/robots\\.txt$", "^/missing\\.css$"],
    });
    await miss(site, () => "/missing.css", 60);
    expect(site.told(CODE)).toHaveLength(1);
    site.clock.advance(1801);
    expect(site.inForce()).toEqual([]);
    const mended = await watched({ badBehavior: { ...(badBehavior as object), threshold: 2 } });
    await miss(mended, () => "/missing.css", 60);
    expect(await mended.status(addressOf(1), "/")).toBe(200);
  });

  test("browsers that ask for an icon by themselves are such a sign without a page", async () => {
    const site = await watched(
      { badBehavior: { threshold: 1000, ignoreUri: [] } },
      {
        behind: (_req, res) => void ((res.statusCode = 404), res.end()),
      },
    );
    await miss(site, () => "/apple-touch-icon-precomposed.png", 50, { headers: {} });
    expect(site.told(CODE)).toHaveLength(1);
  });

  test("scanners on one path, few clients, many paths and few responses are no such sign", async () => {
    const site = await watched(options);
    await miss(site, () => "/missing/wp-login.php", 60, { headers: {} });
    await miss(site, () => "/missing/wp-login.php", 60, { headers: { "Sec-Fetch-Site": "none" } });
    site.clock.advance(601);
    for (let i = 0; i < 60; i++) await site.status(addressOf(i % 9), "/missing.css", OWN_PAGE);
    site.clock.advance(601);
    await miss(site, (i) => `/missing${i}.css`, 60);
    site.clock.advance(601);
    await miss(site, (i) => `/missing/${i}.php`, 120, { headers: {} });
    await miss(site, () => "/missing.css", 100);
    site.clock.advance(601);
    await miss(site, () => "/missing.css", 49);
    expect(site.told(CODE)).toEqual([]);
  });
});

test("bans of visitors who hold a pass are an alarm that names their path; other bans are none", async () => {
  const CODE = "WRN_BUNKER_PASS_HOLDERS_BANNED";
  const site = await watched({ antibot: { challenge: "cookie" }, badBehavior: { threshold: 2 } });
  const misbehave = async (i: number, headers: Record<string, string>): Promise<void> => {
    for (let n = 0; n < 2; n++) await site.status(addressOf(i), "/missing/app.js", { headers });
  };
  for (let i = 0; i < 3; i++) await site.guard.bans.add(addressOf(100 + i));
  for (let i = 0; i < 4; i++) {
    const jar = new Jar();
    await browse(site.url, "/", { from: addressOf(i), jar });
    await misbehave(i, jar.header);
  }
  expect(site.told(CODE)).toEqual([]);
  const jar = new Jar();
  await browse(site.url, "/", { from: addressOf(5), jar });
  await misbehave(5, jar.header);
  expect(site.told(CODE)).toMatchObject([
    { data: { level: "alarm", message: expect.stringMatching(/^5 of 8 .*"\/missing\/app\.js"$/) as string } },
  ]);
  expect(adviceOf(site.told(CODE)[0])).toContain(String.raw`"^/missing/app\\.js$"`);
});

describe("a list that suddenly refuses many", () => {
  const CODE = "WRN_BUNKER_LIST_HITS";
  const listed = (ip: string): boolean => ip.startsWith("9.1.");
  const absent = (): Promise<never> =>
    Promise.reject(Object.assign(new Error("absent"), { code: "ENOTFOUND" }));
  const resolver = {
    reverse: absent,
    resolve4: (name: string) => {
      const ip = name.split(".", 4).reverse().join(".");
      return ip === "127.0.0.2" || listed(ip) ? Promise.resolve(["127.0.0.2"]) : absent();
    },
    resolve6: absent,
    resolveTxt: absent,
  };
  let number = 0;
  const visit = async ({ status }: WatchedSite, clean: number, bad: number): Promise<void> => {
    for (let i = 0; i < clean; i++) await status(`9.2.${number >> 8}.${number++ & 255}`);
    for (let i = 0; i < bad; i++) await status(`9.1.${number >> 8}.${number++ & 255}`);
  };

  test("is a notice; in the first hour, and where it is usual, it is none", async () => {
    const site = await watched({ resolver, dnsbl: { list: ["zone.example"] } });
    await site.guard.ready();
    await visit(site, 70, 22);
    expect(site.told(CODE)).toEqual([]);
    site.clock.advance(3601);
    await visit(site, 70, 19);
    expect(site.told(CODE)).toEqual([]);
    await visit(site, 0, 1);
    expect(site.told(CODE)).toMatchObject([{ data: { about: "zone.example", level: "notice" } }]);
    site.clock.advance(1801);
    expect(site.inForce()).toEqual([]);
    for (let i = 0; i < 6; i++) {
      site.clock.advance(601);
      await visit(site, 40, 10);
    }
    site.clock.advance(601);
    await visit(site, 70, 21);
    expect(site.told(CODE)).toHaveLength(1);
  });

  test("one that has a large share of all clients is told as such, and once", async () => {
    const site = await watched({ resolver, dnsbl: { list: ["zone.example"] } });
    await site.guard.ready();
    await visit(site, 1, 0);
    site.clock.advance(3601);
    await visit(site, 5, 30);
    expect(site.events.map(({ reason }) => reason)).toEqual(["WRN_BUNKER_MASS_BAN"]);
  });
});

test.each([
  "/feed",
  "/a.b+c*(d)[e]{2}|f^g$h\\i",
  `/quotes"'\`end`,
  "/$HOME/${x}/$(id)/#!;&",
  "/späte/ß/日本/😀/\u00a0/%41",
  "/a b\u2028c",
])("the line for %j can be pasted, and matches that path alone", (path) => {
  const pattern = exactPath(path)!;
  expect(pattern).toMatch(/^[\x21-\x7e]+$/);
  expect(pattern.slice(0, -1)).not.toMatch(/["'`$#;&\s]/);
  const { antibot } = pasted(ignoring("antibot", ["^/a\\.b$"], pattern));
  const [, own] = (antibot as { ignoreUri: readonly string[] }).ignoreUri;
  expect(own).toBe(pattern);
  const compiled = compilePattern(own!);
  const wanted = { path, query: "", suspicious: false };
  expect(uriMatches(compiled, wanted)).toBe(true);
  for (const other of [
    `${path}x`,
    `x${path}`,
    `${path}/`,
    `/x${path}`,
    path.replace(/[^/\w]|\w$/u, "_"),
    "/",
  ])
    if (other !== path) expect(uriMatches(compiled, { ...wanted, path: other })).toBe(false);
  expect(uriMatches(compiled, canonicalPath(`${path}%0A`))).toBe(false);
});

test("a path that is too long for a line has none", () => {
  expect(exactPath(`/${"a".repeat(100)}`)).toBeUndefined();
});
