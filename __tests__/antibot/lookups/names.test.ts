import fc from "fast-check";
import { liesBelow } from "../../../src/dns/name-suffix.js";
import { soundList, startHostile } from "../../dnsbl/hostile-server.js";
import { browse, Jar } from "../../support/ask.js";
import type { NameServer } from "../../support/name-server.js";
import { startNameZones } from "./name-zones.js";
import { gatedSite, type GatedSite } from "./site.js";

const GOOGLEBOT = {
  "User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
};
const CRAWLER = "66.249.66.1";

let zones: NameServer;
let site: GatedSite | undefined;

beforeAll(async () => {
  zones = await startNameZones();
});
afterAll(() => zones.stop());
afterEach(async () => {
  await site?.served.close();
  site = undefined;
});

const asking = (): { resolver: { servers: string[] } } => ({ resolver: { servers: [zones.server] } });

describe.each([".googlebot.com", "googlebot.com", ".GoogleBot.com."])("ignoreRdns: %s", (suffix) => {
  test("lets in who has a name below it that resolves back, IPv4 and IPv6", async () => {
    site = await gatedSite({ ...asking(), ignoreRdns: suffix });
    expect(await site.visit(CRAWLER)).toBe("let in");
    expect(await site.visit("2001:4860:4801:10::1")).toBe("let in");
    expect(await site.visit("2001:4860:4801:0010:0:0::1")).toBe("let in");
  });

  test("R22 a name that was only claimed, a longer label and no name at all help nobody", async () => {
    site = await gatedSite({ ...asking(), ignoreRdns: suffix });
    expect(await site.visit("45.83.7.1", GOOGLEBOT)).toBe("challenged");
    expect(await site.visit("2600:1f18::99", GOOGLEBOT)).toBe("challenged");
    expect(await site.visit("45.83.7.2", GOOGLEBOT)).toBe("challenged");
    expect(await site.visit("45.83.7.3", GOOGLEBOT)).toBe("challenged");
  });
});

test("names of private addresses are looked up only when rdnsGlobal says so", async () => {
  site = await gatedSite({ ...asking(), ignoreRdns: [".office.example.org"] });
  expect(await site.visit("10.9.8.7")).toBe("challenged");
  await site.served.close();
  site = await gatedSite({ ...asking(), ignoreRdns: [".office.example.org"], rdnsGlobal: false });
  expect(await site.visit("10.9.8.7")).toBe("let in");
});

test("answers are kept for an hour, also that there is none", async () => {
  const server = await startHostile();
  server.answer = () => ({ rcode: 3 });
  site = await gatedSite({ resolver: { servers: [server.server] }, ignoreRdns: ".googlebot.com" });
  await site.visit(CRAWLER);
  await site.visit(CRAWLER);
  expect(server.asked).toHaveLength(1);
  site.clock.advance(3599);
  await site.visit(CRAWLER);
  expect(server.asked).toHaveLength(1);
  site.clock.advance(1);
  await site.visit(CRAWLER);
  expect(server.asked).toHaveLength(2);
  await server.close();
});

test("nothing is asked without a suffix, nor for a visitor who is excluded otherwise", async () => {
  const server = await startHostile();
  const resolver = { servers: [server.server] };
  site = await gatedSite({ resolver });
  await site.visit(CRAWLER);
  await site.served.close();
  site = await gatedSite({ resolver, ignoreRdns: ".googlebot.com", ignoreIp: CRAWLER });
  expect(await site.visit(CRAWLER)).toBe("let in");
  expect(server.asked).toEqual([]);
  await server.close();
});

test("nobody who holds a pass waits for a look-up", async () => {
  const server = await startHostile();
  server.answer = () => ({ rcode: 3 });
  site = await gatedSite({
    challenge: "cookie",
    resolver: { servers: [server.server] },
    ignoreRdns: ".googlebot.com",
  });
  const jar = new Jar();
  await browse(site.served.url, "/page", { jar, from: CRAWLER });
  site.clock.advance(3600);
  server.answer = () => "silence";
  const asked = server.asked.length;
  expect(await site.visit(CRAWLER, jar.header)).toBe("let in");
  expect([asked, server.asked.length]).toEqual([1, 1]);
  await server.close();
});

test("R33 one network's visits start only a few look-ups at once, and those over it are challenged", async () => {
  const server = await startHostile();
  server.answer = () => "silence";
  site = await gatedSite({ resolver: { servers: [server.server] }, ignoreRdns: ".googlebot.com" });
  const visits = Array.from({ length: 20 }, (_, index) =>
    (site as GatedSite).visit(`2a00:1:2:3::${index + 1}`),
  );
  expect(await Promise.all(visits)).toEqual(Array(20).fill("challenged"));
  expect(new Set(server.asked).size).toBe(4);
  await server.close();
});

test("a server that fails, or says nonsense, excludes nobody and stops nobody", async () => {
  const server = await startHostile();
  site = await gatedSite({ resolver: { servers: [server.server] }, ignoreRdns: ".googlebot.com" });
  for (const [index, reply] of (["garbage", { rcode: 2 }, { rcode: 5 }] as const).entries()) {
    server.answer = () => reply;
    expect(await site.visit(`45.83.9.${index + 1}`)).toBe("challenged");
  }
  server.answer = soundList;
  expect(await site.visit("45.83.9.9")).toBe("challenged");
  await server.close();
});

describe("verifiedBots", () => {
  test.each([
    ["google", CRAWLER, "Googlebot/2.1"],
    ["bing", "157.55.39.1", "bingbot/2.0"],
    ["apple", "17.58.101.179", "Applebot/0.1"],
    ["yandex", "5.255.253.1", "YandexBot/3.0"],
    ["baidu", "180.76.15.5", "Baiduspider/2.0"],
  ] as const)(
    "%s: its crawler is let in at its first visit, its User-Agent alone never is",
    async (bot, ip, agent) => {
      site = await gatedSite({ ...asking(), verifiedBots: [bot] });
      expect(await site.visit(ip, { "User-Agent": agent })).toBe("let in");
      expect(await site.visit("45.83.7.3", { "User-Agent": agent })).toBe("challenged");
      expect(await site.visit("45.83.7.1", { "User-Agent": agent })).toBe("challenged");
    },
  );

  test("R22 other machines of the vendors are no crawlers", async () => {
    site = await gatedSite({ ...asking(), verifiedBots: ["google", "yandex"] });
    expect(await site.visit("66.249.90.77", GOOGLEBOT)).toBe("challenged");
    expect(await site.visit("5.255.255.5", { "User-Agent": "YandexBot/3.0" })).toBe("challenged");
  });

  test("who claims nothing does not wait, but is known when it comes again", async () => {
    const names: (() => void)[] = [];
    const resolver = {
      reverse: () => new Promise<string[]>((resolve) => names.push(() => resolve(["crawl.googlebot.com"]))),
      resolve4: () => Promise.resolve([CRAWLER]),
      resolve6: () => Promise.resolve([]),
      resolveTxt: () => Promise.resolve([]),
    };
    site = await gatedSite({ resolver, verifiedBots: ["google"] });
    expect(await site.visit(CRAWLER)).toBe("challenged");
    expect(names).toHaveLength(1);
    names[0]?.();
    expect(await site.visit(CRAWLER, GOOGLEBOT)).toBe("let in");
    expect(await site.visit(CRAWLER)).toBe("let in");
    expect(names).toHaveLength(1);
  });

  test("a crawler that publishes no names is warned about", async () => {
    site = await gatedSite({ ...asking(), verifiedBots: ["google", "duckduckgo"] });
    expect(site.warnings.join()).toContain("WRN_BUNKER_VERIFIED_BOT");
    expect(await site.visit(CRAWLER, GOOGLEBOT)).toBe("let in");
  });
});

test("a suffix ends at a label", () => {
  const label = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  fc.assert(
    fc.property(label, label, (one, other) => {
      expect(liesBelow(`${one}.bot.example`, "bot.example")).toBe(true);
      expect(liesBelow(`${other}${one}bot.example`, "bot.example")).toBe(false);
      expect(liesBelow(`bot.example.${one}`, "bot.example")).toBe(one === "bot.example");
    }),
  );
});

test.each(["com", "*.googlebot.com", "a b", "", "[::1]", "66.249.66.1"])(
  "ignoreRdns refuses %j",
  async (suffix) => {
    await expect(gatedSite({ ignoreRdns: [suffix] })).rejects.toThrow(/ignoreRdns\[0\]/);
  },
);
