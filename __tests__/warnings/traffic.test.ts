import { ask } from "../support/ask.js";
import { addressOf, adviceOf, pasted, watched, type WatchedSite } from "./watched.js";

const CODE = "WRN_BUNKER_ONE_ADDRESS";
const PROXY = "9.9.9.9";

/** Makes `count` requests, one in `others` from another address, with so many User-Agents. */
async function visit(
  { url }: WatchedSite,
  {
    count,
    browsers,
    others = 10,
    from = PROXY,
  }: { count: number; browsers: number; others?: number; from?: string },
): Promise<void> {
  for (let i = 0; i < count; i++) {
    const ip = i % others === 1 ? addressOf(i) : from;
    await ask(url, "/", { from: ip, headers: { "User-Agent": `Browser/${i % browsers}` } });
  }
}

test("most requests come from one address with many browsers: it is probably a proxy that is not trusted", async () => {
  const site = await watched();
  await visit(site, { count: 630, browsers: 11 });
  expect(site.told(CODE)).toEqual([]);
  await visit(site, { count: 200, browsers: 11 });
  expect(site.told(CODE)).toMatchObject([{ ip: PROXY, data: { about: PROXY, level: "alarm" } }]);
  expect(site.warnings.filter((line) => line.includes(CODE))).toHaveLength(1);
  expect(pasted(adviceOf(site.told(CODE)[0]))).toEqual({ trustProxy: PROXY });
  expect(site.inForce()).toEqual([`${CODE} ${PROXY}`]);
  // It ends by itself, and is told again when its hour is over.
  site.clock.advance(1801);
  expect(site.inForce()).toEqual([]);
  site.clock.advance(1800);
  await visit(site, { count: 800, browsers: 11 });
  expect(site.told(CODE)).toHaveLength(2);
});

test("one busy client, a share below most, an address on `allow` and a trusted proxy are no such sign", async () => {
  const site = await watched({ allow: "9.9.8.8" });
  await visit(site, { count: 700, browsers: 3 });
  await visit(site, { count: 1400, browsers: 11, others: 1000, from: "9.9.8.8" });
  expect(site.told(CODE)).toEqual([]);
  const mixed = await watched();
  await visit(mixed, { count: 800, browsers: 11, others: 2 });
  expect(mixed.told(CODE)).toEqual([]);
  // The proxy itself, without a header: another warning speaks of that.
  const direct = await watched();
  for (let i = 0; i < 700; i++) await ask(direct.url, "/", { headers: { "User-Agent": `Browser/${i % 9}` } });
  expect(direct.told(CODE)).toEqual([]);
  expect(direct.inForce()).toEqual(["WRN_BUNKER_NOT_FORWARDED"]);
});

test("a private proxy that is not trusted is told once, by the warning about its headers", async () => {
  const site = await watched({ trustProxy: false });
  await visit(site, { count: 800, browsers: 11, others: 1000 });
  expect(site.inForce()).toEqual(["WRN_BUNKER_PROXY"]);
  expect(site.guard.events.activeWarnings[0]?.level).toBe("alarm");
});

test("`watch: false` watches nothing", async () => {
  const site = await watched({ watch: false });
  await visit(site, { count: 800, browsers: 11 });
  expect(site.events).toEqual([]);
});
