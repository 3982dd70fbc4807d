import { randomBytes, randomInt } from "node:crypto";
import { EVENT_TYPES } from "../../src/events/event-bus.js";
import { Meter } from "../../src/meter.js";
import { LabelLimit } from "../../src/label-limit.js";
import { StoreScope } from "../../src/store/store-scope.js";
import { ask } from "../support/ask.js";
import { meteredSite, scrape, SECRET, seriesOf, sum } from "./site.js";

const text = (): string =>
  `${Math.random().toString(36)}"\\{},=\n${String.fromCharCode(Math.floor(Math.random() * 65_536))}`;
const address = (): string => `9.${randomInt(256)}.${randomInt(256)}.${randomInt(256)}`;

test("random paths, addresses, Hosts, User-Agents and reasons of clients make no series", async () => {
  const { url } = await meteredSite(() => ({
    badBehavior: { threshold: 2 },
    services: ["one.test", "two.test"],
    antibot: { challenge: "javascript" },
    sessions: { secret: SECRET },
  }));
  const before = (await scrape(url)).size;
  for (let i = 0; i < 300; i++)
    await ask(url, `/${encodeURIComponent(randomBytes(20).toString("latin1"))}`, {
      from: address(),
      headers: {
        Host: i % 2 === 0 ? "one.test" : `${randomBytes(4).toString("hex")}.test`,
        "User-Agent": "x",
      },
    });
  const { text: page } = await ask(url, "/metrics");
  const series = seriesOf(page);
  expect(series.size - before).toBeLessThan(60);
  expect(sum(series, "requests_total")).toBe(300);
  expect(page).not.toMatch(/\b9\.\d+\.\d+\.\d+/);
});

test("100 000 random reasons, services, protections and kinds stay below 2000 series", async () => {
  const { url, guard, store, clock } = await meteredSite(() => ({ logger: false }));
  const meter = StoreScope.of(store).get(Meter);
  const { events } = guard;
  for (let i = 0; i < 100_000; i++) {
    const type = EVENT_TYPES[i % EVENT_TYPES.length]!;
    const mode = i % 3 === 0 ? ("detect" as const) : ("block" as const);
    const place = { service: text(), mode };
    const [protection, reason, kind] = [text(), text(), text()];
    events.emit({
      type,
      time: new Date(clock.now()),
      id: "",
      ip: address(),
      protection,
      reason,
      data: { kind, seconds: randomInt(400) },
      path: `/${text()}`,
      ...place,
    });
    const request = { ip: address(), id: "", method: "GET", path: { path: `/${text()}` } };
    meter.refused(
      i % 2 === 0 ? "denied" : "challenged",
      { protection, reason, data: { kind } },
      place,
      request,
    );
    meter.requested("pass", place.service, mode, true);
    meter.issued(kind, clock.now(), 60_000);
    for (const work of ["decision", "dns", "vendor", "store"] as const) meter.took(work, text(), 3, true);
    if (i % 1000 === 0) clock.advance(7);
  }
  const page = await scrape(url);
  expect(page.size).toBeLessThan(2000);
  // Nothing is lost: what has no series of its own is in "other".
  expect(sum(page, "requests_total")).toBe(100_000);
  expect(sum(page, "denied_total") + sum(page, "challenged_total")).toBe(100_000);
  expect(sum(page, "dns_seconds_count")).toBe(100_000);
  expect(sum(page, "bans_total")).toBe(
    Math.ceil((100_000 - EVENT_TYPES.indexOf("banned")) / EVENT_TYPES.length),
  );
});

test("the reasons of this package keep their names, whatever an app has called its own before", async () => {
  const { url, guard, status } = await meteredSite(() => ({}));
  for (let i = 0; i < 100; i++) await guard.bans.add(`9.9.8.${i}`, { reason: `login of user ${i} failed` });
  await guard.bans.add("9.9.9.9");
  await status("9.9.9.9");
  await status("9.9.8.99");
  const page = await scrape(url);
  expect(sum(page, "bans_total", 'reason="manual"')).toBe(1);
  expect(sum(page, "denied_total", 'reason="manual"')).toBe(1);
  expect(sum(page, "denied_total", 'reason="other"')).toBe(1);
  expect(sum(page, "bans_total", 'reason="other"')).toBe(84);
});

test("a label is short, printable and well-formed", () => {
  const limit = new LabelLimit(3);
  expect(limit.of("x".repeat(1000))).toHaveLength(64);
  expect(limit.of("a\u0000\u009bb\u202ec")).toBe("a?b?c");
  expect(limit.of(`${"y".repeat(63)}😀`)).toBe(`${"y".repeat(63)}�`);
  expect(limit.of("one more")).toBe("other");
  expect(limit.of("x".repeat(1000))).toHaveLength(64);
});

test("labels that are kept between separators have none in them, and are never empty", () => {
  const limit = new LabelLimit(4, { length: 8, separator: "|" });
  expect(["a|b", "", "|", "x".repeat(9), "x".repeat(300)].map((value) => limit.of(value))).toEqual([
    "a/b",
    "other",
    "/",
    "x".repeat(8),
    "x".repeat(8),
  ]);
  // Texts that are cut are counted like others.
  for (let index = 0; index < 10; index++) expect(limit.of(`${index}${"y".repeat(300)}`)).toBe("other");
});
