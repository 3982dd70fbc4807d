import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ask, browse, NAVIGATION } from "../support/ask.js";
import { serve } from "../support/hosts.js";
import { until } from "../support/until.js";
import { addressOf, adviceOf, pasted, watched, type WatchedSite } from "./watched.js";

/** The heap after a collection, in bytes. */
function heapHeld(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

const READER = { "User-Agent": "Feedly/1.0", Accept: "application/rss+xml, */*" };
const CLIENT = { "User-Agent": "okhttp/4.12", Accept: "application/json" };

describe("feed readers and API clients meet the gate", () => {
  const CODE = "WRN_BUNKER_FEEDS";
  const gate = { antibot: { challenge: "cookie" } } as const;

  const read = async (
    site: WatchedSite,
    path: string,
    headers: Record<string, string>,
    times: number,
  ): Promise<void> => {
    for (let i = 0; i < times; i++) await site.status(addressOf(i % 3), path, { headers });
  };

  test("a pasted line of options lets the reader pass, and the warning ends", async () => {
    const site = await watched(gate);
    await read(site, "/feed", READER, 3);
    expect(site.told(CODE)).toEqual([]);
    await read(site, "/feed", READER, 2);
    expect(site.told(CODE)).toMatchObject([{ data: { about: "/feed", level: "alarm" } }]);
    expect(adviceOf(site.told(CODE)[0])).toBe('antibot: { ignoreUri: ["^/feed$"] }');
    expect(site.warnings.join()).toContain("ANTIBOT_IGNORE_URI=^/feed$");
    site.clock.advance(1801);
    expect(site.inForce()).toEqual([]);
    const { antibot } = pasted(adviceOf(site.told(CODE)[0]));
    const mended = await watched({ antibot: { ...gate.antibot, ...(antibot as object) } });
    expect(await mended.status(addressOf(1), "/feed", { headers: READER })).toBe(200);
    expect(await mended.status(addressOf(1), "/feeds", { headers: READER })).toBe(403);
  });

  test("an API client is told apart by what it accepts; patterns that are there already stay in the line", async () => {
    const site = await watched({ antibot: { challenge: "cookie", ignoreUri: ["^/status"] } });
    await read(site, "/api/orders", CLIENT, 19);
    expect(site.told(CODE)).toEqual([]);
    await read(site, "/api/orders", CLIENT, 1);
    expect(adviceOf(site.told(CODE)[0])).toBe('antibot: { ignoreUri: ["^/status", "^/api/orders$"] }');
  });

  test("browsers, scanners, one client alone and calls of the site's own pages are no such sign", async () => {
    const site = await watched(gate);
    await read(
      site,
      "/api/orders",
      { ...CLIENT, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin" },
      30,
    );
    await read(site, "/api/orders", { ...CLIENT, Referer: `${site.url}/` }, 30);
    await read(site, "/feed", NAVIGATION, 10);
    await read(site, "/api/orders", { "User-Agent": "curl/8", Accept: "*/*" }, 30);
    for (let i = 0; i < 10; i++) await site.status(addressOf(1), "/feed", { headers: READER });
    for (let i = 0; i < 40; i++) await site.status(addressOf(i), `/api/${i}`, { headers: CLIENT });
    expect(site.events).toEqual([]);
  });

  test("100 000 random paths and addresses take bounded memory, and warn of nothing", async () => {
    const site = await watched({ ...gate, logger: false });
    const { Meter } = await import("../../src/meter.js");
    const { StoreScope } = await import("../../src/store/store-scope.js");
    const meter = StoreScope.of(site.store).get(Meter);
    const place = { service: "default", mode: "block" } as const;
    const flood = (from: number, to: number): void => {
      for (let i = from; i < to; i++) {
        const request = {
          ip: addressOf(i),
          id: "",
          method: "GET",
          path: { path: `/feed/${i}` },
          header: (name: string) =>
            name === "accept" ? "application/rss+xml" : name === "sec-fetch-site" ? "same-origin" : undefined,
        };
        for (const protection of ["antibot", "dnsbl", "bunkernet"]) {
          const about = { protection, reason: "", data: { kind: "cookie", zone: `zone${i}` } };
          meter.refused(protection === "antibot" ? "challenged" : "denied", about, place, request);
        }
        meter.counted(404, request);
        meter.sampled(request, false);
      }
    };
    flood(0, 10_000);
    const before = heapHeld();
    flood(10_000, 100_000);
    // A slot for each path and address would take more than 20 MB.
    expect(heapHeld() - before).toBeLessThan(5e6);
    expect(site.events).toEqual([]);
  });
});

describe("a solve rate that collapses", () => {
  const CODE = "WRN_BUNKER_SOLVE_RATE";
  let visitors = 0;

  /** Lets ten minutes pass, with so many visitors of whom so many solve the challenge. */
  async function tenMinutes({ url, clock }: WatchedSite, issued: number, solved: number): Promise<void> {
    for (let i = 0; i < issued; i++) {
      const from = addressOf(++visitors);
      if (i < solved) await browse(url, "/", { from });
      else await ask(url, "/", { from, headers: NAVIGATION });
    }
    clock.advance(601);
  }

  test("is an alarm that ends when visitors get through again", async () => {
    const site = await watched({ antibot: { challenge: "cookie" } });
    for (let i = 0; i < 7; i++) await tenMinutes(site, 30, 25);
    await tenMinutes(site, 28, 2);
    expect(site.told(CODE)).toEqual([]);
    await tenMinutes(site, 30, 25);
    expect(site.told(CODE)).toMatchObject([{ data: { level: "alarm" } }]);
    expect((site.told(CODE)[0]?.data as { message: string }).message).toContain("2 of 28");
    expect(site.inForce()).toEqual([CODE]);
    await tenMinutes(site, 1, 0);
    expect(site.inForce()).toEqual([]);
  });

  test("a wave of bots, a quiet hour and a site that was just started are no collapse", async () => {
    const site = await watched({ antibot: { challenge: "cookie" } });
    await tenMinutes(site, 30, 25);
    await tenMinutes(site, 30, 1);
    for (let i = 0; i < 7; i++) await tenMinutes(site, 30, 25);
    await tenMinutes(site, 150, 24);
    await tenMinutes(site, 3, 0);
    await tenMinutes(site, 30, 25);
    await tenMinutes(site, 30, 25);
    expect(site.told(CODE)).toEqual([]);
  });
});

describe("verified crawlers are challenged or refused", () => {
  const CODE = "WRN_BUNKER_CRAWLERS";
  const NAME = "crawl-1.googlebot.com";
  const BOT = { headers: { "User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)" } };

  /** A resolver that knows the names of `genuine`, and counts the questions. */
  const dnsOf = (genuine: string) => {
    const asked: string[] = [];
    const absent = (): Promise<never> =>
      Promise.reject(Object.assign(new Error("absent"), { code: "ENOTFOUND" }));
    const resolver = {
      reverse: (ip: string) => (asked.push(ip), ip === genuine ? Promise.resolve([NAME]) : absent()),
      resolve4: (name: string) => (name === NAME ? Promise.resolve([genuine]) : absent()),
      resolve6: absent,
      resolveTxt: absent,
    };
    return { asked, resolver };
  };

  test("one whose name DNS confirms is an alarm, and the pasted line lets it in", async () => {
    const { resolver } = dnsOf("9.1.1.1");
    const site = await watched({ resolver, antibot: { challenge: "cookie" } });
    await site.status("9.1.1.1", "/products", BOT);
    await until(() => site.told(CODE).length > 0);
    expect(site.told(CODE)).toMatchObject([{ ip: "9.1.1.1", data: { about: "google", level: "alarm" } }]);
    const advice = adviceOf(site.told(CODE)[0]);
    expect(advice).toBe('antibot: { verifiedBots: ["google"] }');
    const { antibot } = pasted(advice);
    const mended = await watched({ resolver, antibot: { challenge: "cookie", ...(antibot as object) } });
    expect(await mended.status("9.1.1.1", "/products", BOT)).toBe(200);
  });

  test("a refused one is named with the line that allows it", async () => {
    const { resolver } = dnsOf("9.1.1.1");
    const site = await watched({ resolver });
    await site.guard.bans.add("9.1.1.1");
    await site.status("9.1.1.1", "/", BOT);
    await until(() => site.told(CODE).length > 0);
    expect(adviceOf(site.told(CODE)[0])).toBe('allow: "9.1.1.1"');
  });

  test("a User-Agent alone is no crawler, and no number of them asks more than ten times an hour", async () => {
    const { resolver, asked } = dnsOf("9.255.0.1");
    const site = await watched({ resolver, antibot: { challenge: "cookie" } });
    for (let i = 0; i < 30; i++) await site.status(addressOf(i), "/", BOT);
    for (let i = 0; i < 5; i++) await site.status("10.0.0.1", "/", BOT);
    await site.status(addressOf(99), "/");
    expect(asked).toHaveLength(10);
    site.clock.advance(3600);
    await site.status(addressOf(0), "/", BOT);
    expect(asked).toHaveLength(11);
    expect(site.told(CODE)).toEqual([]);
  });

  test("nothing is asked in a test run that names no resolver", async () => {
    const site = await watched({ antibot: { challenge: "cookie" } });
    expect(await site.status("9.1.1.1", "/", BOT)).toBe(403);
    expect(site.events).toEqual([]);
  });
});

test("alerts and the log carry a sign, and no address unless it is asked for", async () => {
  const bodies: string[] = [];
  const hook = await serve((req, res) => {
    let body = "";
    req.on("data", (chunk: Buffer) => (body += chunk.toString()));
    req.on("end", () => (bodies.push(body), res.end()));
  });
  const lines: string[] = [];
  const keep = (line: string): void => void lines.push(line);
  const site = await watched({
    antibot: { challenge: "cookie" },
    alerts: [{ url: hook.url, on: ["warning"] }],
    logger: { info: keep, warn: keep, error: keep },
  });
  for (let i = 0; i < 4; i++) await site.status(addressOf(i), "/feed", { headers: READER });
  await site.close();
  await hook.close();
  expect(lines.filter((line) => line.startsWith("WRN_BUNKER_FEEDS: "))).toHaveLength(1);
  expect(bodies).toHaveLength(1);
  expect(JSON.parse(bodies[0]!)).toMatchObject({ kind: "warning", count: 1 });
  expect(bodies[0]).toMatch(/WRN_BUNKER_FEEDS: feed readers/);
});
