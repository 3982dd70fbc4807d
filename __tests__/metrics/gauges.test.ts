import { startContract } from "../bunkernet/contract-server.js";
import { soundList, startHostile } from "../dnsbl/hostile-server.js";
import { ask, browse, Jar, NAVIGATION } from "../support/ask.js";
import { meteredSite, scrape, SECRET, sum } from "./site.js";

const VISITOR = "8.8.8.8";
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

test("BunkerNet: the list's size and age, and the reports that wait and that were delivered", async () => {
  const api = await startContract();
  ends.push(() => api.close());
  api.list = ["9.9.9.9", "9.9.9.10"];
  const { url, guard, clock, status } = await meteredSite(() => ({ bunkernet: { server: api.url } }));
  await guard.ready();
  await guard.bunkernet!.sync();
  clock.advance(90);
  await guard.bans.add("9.9.9.20", { reason: "bad behavior" });
  expect(await status("9.9.9.20")).toBe(403);
  let page = await scrape(url);
  expect(page.get('list_entries{list="bunkernet"}')).toBe(2);
  expect(page.get('list_age_seconds{list="bunkernet"}')).toBe(90);
  expect(page.get('queue_length{queue="reports"}')).toBe(1);
  await guard.bunkernet!.flush();
  page = await scrape(url);
  expect(page.get('queue_length{queue="reports"}')).toBe(0);
  expect(page.get('bunkernet_reports_total{result="delivered"}')).toBe(1);
  expect(page.get('vendor_seconds_count{vendor="bunkernet"}')).toBe(api.calls.length);
});

test("DNSBL: answers and time by zone, the cache, and a zone that is suspended", async () => {
  const dns = await startHostile();
  ends.push(() => dns.close());
  dns.answer = (name) => (name.includes("9.9.9.9.list") ? { a: ["127.0.0.4"] } : soundList(name));
  const { url, guard, status } = await meteredSite(() => ({
    resolver: { servers: [dns.server] },
    dnsbl: { list: "list.test", timeout: 5000 },
  }));
  await guard.ready();
  expect(await status(VISITOR)).toBe(200);
  expect(await status(VISITOR)).toBe(200);
  expect(await status("9.9.9.9")).toBe(403);
  let page = await scrape(url);
  expect(page.get('dnsbl_lookups_total{zone="list.test",result="clean"}')).toBe(1);
  expect(page.get('dnsbl_lookups_total{zone="list.test",result="listed"}')).toBe(1);
  expect(page.get('dns_seconds_count{zone="list.test"}')).toBeGreaterThan(2);
  expect(page.get('cache_hits_total{cache="dnsbl"}')).toBe(1);
  expect(page.get('cache_misses_total{cache="dnsbl"}')).toBe(2);
  expect(page.get('dnsbl_zone_suspended{zone="list.test"}')).toBe(0);
  expect(page.get('degraded{part="dnsbl"}')).toBe(0);
  dns.answer = () => ({ rcode: 2 });
  await guard.dnsbl!.sync();
  page = await scrape(url);
  expect(page.get('dnsbl_zone_suspended{zone="list.test"}')).toBe(1);
  expect(page.get('degraded{part="dnsbl"}')).toBe(1);
  expect(sum(page, "faults_total", 'reason="zone suspended"')).toBe(1);
});

test("known visitors are hits of their cache, and the ratio is that of hits and misses", async () => {
  const { url } = await meteredSite(() => ({
    antibot: { challenge: "cookie" },
    sessions: { secret: SECRET },
  }));
  const jar = new Jar();
  await browse(url, "/", { from: VISITOR, jar });
  for (let i = 0; i < 20; i++)
    await ask(url, "/", { from: VISITOR, headers: { ...NAVIGATION, ...jar.header } });
  const page = await scrape(url);
  const [hits, misses] = ["hits", "misses"].map((what) => page.get(`cache_${what}_total{cache="visitors"}`)!);
  expect(hits).toBeGreaterThan(15);
  expect(page.get('cache_hit_ratio{cache="visitors"}')).toBeCloseTo(hits! / (hits! + misses!), 10);
  expect(sum(page, "requests_total", 'verdict="pass"')).toBe(21);
});

test("many bans are counted in slices, and each page shares the count with those asked for meanwhile", async () => {
  const { url, guard } = await meteredSite(() => ({}));
  for (let i = 0; i < 20_000; i++) await guard.bans.add(`9.${i >> 14}.${(i >> 7) & 127}.${i & 127}`);
  const pages = await Promise.all([scrape(url), scrape(url), scrape(url)]);
  expect(pages.map((page) => page.get("bans_active"))).toEqual([20_000, 20_000, 20_000]);
});
