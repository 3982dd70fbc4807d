import { badBehavior, bunker, MemoryStore } from "../../src/index.js";
import { ask } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { EXPRESS, plainSite, serve } from "../support/hosts.js";
import { site } from "../support/site.js";

const CLIENT = "9.9.9.9";
const DAY = 86_400;
const FETCHED = { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image" };

/** How long the ban is, in seconds, that ten missing pages with these headers earn. */
async function banTimeOf(
  headers: Record<string, string>,
  method = "GET",
  clock = new Clock(),
): Promise<number> {
  const { url, guard } = await site(({ store, now }) => badBehavior({ store, now, logger: false }), {
    clock,
  });
  await missing(url, headers, method);
  const { expires, date } = (await guard.bans.get(CLIENT))!;
  return (expires!.getTime() - date.getTime()) / 1000;
}

async function missing(url: string, headers: Record<string, string>, method = "GET"): Promise<void> {
  for (let i = 0; i < 10; i++) await ask(url, `/missing/${i}`, { from: CLIENT, headers, method });
}

describe("R24", () => {
  test.each([
    ["pictures of another site's page", FETCHED],
    [
      "scripts of a page on another subdomain",
      { ...FETCHED, "Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "script" },
    ],
    [
      "pictures over plain http, with a foreign Referer",
      { Referer: "http://evil.example/page", Accept: "image/*" },
    ],
  ])("%s earn a ban of countTime", async (_name, headers) => {
    expect(await banTimeOf(headers)).toBe(60);
  });

  test.each([
    ["a navigation", "GET", { ...FETCHED, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" }],
    ["a frame", "GET", { ...FETCHED, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe" }],
    ["a fetch", "GET", { ...FETCHED, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty" }],
    ["a POST", "POST", FETCHED],
    ["the site header alone", "GET", { "Sec-Fetch-Site": "cross-site" }],
    ["our own page", "GET", { ...FETCHED, "Sec-Fetch-Site": "same-origin" }],
    [
      "our own page over plain http",
      "GET",
      { Referer: "http://site.example/page", Host: "site.example", Accept: "image/*" },
    ],
    [
      "a link on another page over plain http",
      "GET",
      { Referer: "http://evil.example/", Accept: "text/html" },
    ],
    ["a Referer that is not a URL", "GET", { Referer: "elsewhere" }],
  ])("%s is no discount", async (_name, method, headers) => {
    expect(await banTimeOf(headers, method)).toBe(DAY);
  });

  test("a client that writes the headers itself gets one short ban a day, then banTime and banFactor", async () => {
    const clock = new Clock();
    const { url, guard } = await site(
      ({ store, now }) => badBehavior({ store, now, logger: false, banTime: 1000, banFactor: 2 }),
      { clock },
    );
    const lengths: number[] = [];
    for (let i = 0; i < 4; i++) {
      await missing(url, FETCHED);
      const { expires, date } = (await guard.bans.get(CLIENT))!;
      lengths.push((expires!.getTime() - date.getTime()) / 1000);
      clock.advance(lengths[i]!);
    }
    expect(lengths).toEqual([60, 1000, 2000, 4000]);
    clock.advance(DAY);
    await missing(url, FETCHED);
    const { expires, date } = (await guard.bans.get(CLIENT))!;
    expect((expires!.getTime() - date.getTime()) / 1000).toBe(60);
  });

  test("with a gate it is one challenge a day, then a ban", async () => {
    const clock = new Clock();
    const guard = bunker({
      logger: false,
      now: clock.now,
      store: new MemoryStore(),
      bunkernet: false,
      antibot: { challenge: "cookie", ignoreUri: ["^/missing"] },
    });
    const served = await serve(EXPRESS.app([guard], plainSite));
    const actions: unknown[] = [];
    for (let i = 0; i < 2; i++) {
      await missing(served.url, FETCHED);
      actions.push((await guard.bans.get(CLIENT))?.action);
      clock.advance(61);
    }
    expect(actions).toEqual(["challenge", "deny"]);
    await guard.close();
    await served.close();
  });
});
