import { antibot, badBehavior, bunker, type BadBehavior } from "../../src/index.js";
import { FAMILIES } from "../../src/metrics/families.js";
import { metrics } from "../../src/metrics/index.js";
import { ask, browse, Jar, NAVIGATION } from "../support/ask.js";
import { HOSTS } from "../support/hosts.js";
import { site } from "../support/site.js";
import { openChallenge, post, solve, workOf } from "../support/work.js";
import { at, meteredSite, scrape, SECRET, sum } from "./site.js";

const VISITOR = "8.8.8.8";
const SCANNER = "9.9.9.9";

/** Responds with 404 to everything but `/`. */
const notFound = {
  behind: (req: { url?: string }, res: { statusCode: number; end(text: string): unknown }): void => {
    res.statusCode = req.url === "/" ? 200 : 404;
    res.end("site");
  },
};

test.each(HOSTS)(
  "on $name: requests, refusals and bans are counted by what decided, and why",
  async (host) => {
    const { url, status } = await meteredSite(() => ({ badBehavior: { threshold: 3 } }), {
      host,
      ...notFound,
    });
    await status(VISITOR);
    for (const path of ["/a", "/b", "/c"]) expect(await status(SCANNER, path)).toBe(404);
    expect(await status(SCANNER)).toBe(403);
    const page = await scrape(url);
    expect(page.get('requests_total{verdict="pass",service="default",mode="block"}')).toBe(4);
    expect(page.get('requests_total{verdict="deny",service="default",mode="block"}')).toBe(1);
    expect(
      page.get('denied_total{protection="bans",reason="bad behavior",service="default",mode="block"}'),
    ).toBe(1);
    expect(
      page.get('bans_total{protection="bad-behavior",reason="bad behavior",service="default",mode="block"}'),
    ).toBe(1);
    expect(page.get("bans_active")).toBe(1);
    expect(sum(page, "decision_seconds_count")).toBe(5);
  },
);

test("a page has every metric, described, even before the first request", async () => {
  const { url } = await meteredSite(() => ({}));
  const { text, headers } = await ask(url, "/metrics");
  expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(headers["cache-control"]).toBe("no-store");
  for (const [name, { type }] of Object.entries(FAMILIES)) {
    expect(text).toContain(`# HELP express_bunker_${name} `);
    expect(text).toContain(`# TYPE express_bunker_${name} ${type}\n`);
  }
  for (const name of ["requests", "denied", "challenged", "solved", "failed", "bans"])
    expect(text).toContain(`express_bunker_${name}_total`);
});

test("a ban that is over or lifted is not active, and each lifted one is counted", async () => {
  const { url, guard, clock } = await meteredSite(() => ({}));
  await guard.bans.add("9.9.9.1", { ttl: 60 });
  await guard.bans.add("9.9.9.2", { ttl: 600 });
  await guard.bans.add("9.9.9.3", { ttl: 600 });
  await guard.bans.remove("9.9.9.3");
  expect((await scrape(url)).get("bans_active")).toBe(2);
  clock.advance(61);
  const page = await scrape(url);
  expect(page.get("bans_active")).toBe(1);
  expect(sum(page, "unbans_total")).toBe(1);
});

test("detect mode counts what would have been done, as such", async () => {
  const { url, guard, status } = await meteredSite(() => ({ mode: "detect" }));
  await guard.bans.add(SCANNER);
  expect(await status(SCANNER)).toBe(200);
  const page = await scrape(url);
  expect(page.get('requests_total{verdict="deny",service="default",mode="detect"}')).toBe(1);
  expect(sum(page, "denied_total", 'mode="detect"', 'reason="manual"')).toBe(1);
});

test("warnings in force are counted by level", async () => {
  const { url, guard } = await meteredSite(() => ({ logger: false }));
  expect((await scrape(url)).get('warnings_active{level="alarm"}')).toBe(0);
  guard.events.warn("WRN_BUNKER_TEST", "act", "", { level: "alarm" });
  const page = await scrape(url);
  expect(page.get('warnings_active{level="alarm"}')).toBe(1);
  expect(page.get('warnings_active{level="notice"}')).toBe(0);
});

test("a mode that is set at run time is the mode of what is counted from then on", async () => {
  const { url, guard, status } = await meteredSite(() => ({}));
  await guard.bans.add(SCANNER);
  expect(await status(SCANNER)).toBe(403);
  expect((await scrape(url)).get("detect_mode")).toBe(0);
  await guard.mode("detect");
  expect(await status(SCANNER)).toBe(200);
  const page = await scrape(url);
  expect(page.get("detect_mode")).toBe(1);
  for (const mode of ["block", "detect"]) {
    expect(sum(page, "denied_total", `mode="${mode}"`)).toBe(1);
    expect(sum(page, "requests_total", 'verdict="deny"', `mode="${mode}"`)).toBe(1);
  }
});

test("middlewares that are mounted one by one count each request once, with its final verdict", async () => {
  const first: BadBehavior[] = [];
  const { url, status } = await site(
    (shared) => antibot({ ...shared, challenge: "cookie", sessions: { secret: SECRET } }),
    {
      mount: (gate, shared) => {
        first.push(badBehavior(shared));
        return [at("/metrics", metrics(gate)), ...first, gate];
      },
    },
  );
  await status(VISITOR, "/", { headers: NAVIGATION });
  await status(VISITOR, "/robots.txt");
  const page = await scrape(url);
  expect(sum(page, "requests_total")).toBe(2);
  expect(sum(page, "requests_total", 'verdict="challenge"')).toBe(1);
  expect(sum(page, "requests_total", 'verdict="pass"')).toBe(1);
  await first[0]!.close();
});

test("services are told apart, and an unknown Host is one of them", async () => {
  const { url } = await meteredSite(() => ({ services: ["one.test", "two.test"] }));
  for (const host of ["one.test", "two.test", "two.test", "evil.test"])
    await ask(url, "/", { from: VISITOR, headers: { Host: host } });
  const { text } = await ask(url, "/metrics");
  expect(text).toContain('requests_total{verdict="pass",service="two.test",mode="block"} 2');
  expect(text).toContain(
    'denied_total{protection="services",reason="unknown host",service="unknown",mode="block"} 1',
  );
  expect(text).not.toContain("evil.test");
});

describe("the funnel of challenges", () => {
  const gated = (challenge: "cookie" | "javascript") =>
    meteredSite(() => ({
      antibot: { challenge, difficulty: 16, adaptive: false },
      sessions: { secret: SECRET },
    }));

  test("a challenge is issued, then solved or failed, and how long it took is known", async () => {
    const { url, clock } = await gated("javascript");
    const jar = new Jar();
    const work = workOf((await openChallenge(url, "/", jar, { from: VISITOR })).text);
    clock.advance(4);
    const wrong = await post(url, work.action, { state: work.state, challenge: "00" }, jar, {
      from: VISITOR,
    });
    expect(wrong.status).toBe(403);
    const again = (wrong.json as unknown as { challenge: typeof work }).challenge;
    clock.advance(7);
    const right = await post(url, work.action, { state: again.state, challenge: solve(again) }, jar, {
      from: VISITOR,
    });
    expect(right.status).toBe(200);
    const page = await scrape(url);
    expect(page.get('issued_total{kind="javascript"}')).toBe(2);
    expect(page.get('solved_total{kind="javascript",service="default",mode="block"}')).toBe(1);
    expect(page.get('failed_total{kind="javascript",service="default",mode="block"}')).toBe(1);
    expect(page.get('solve_seconds_sum{kind="javascript"}')).toBe(7);
    expect(page.get('challenges_open{kind="javascript"}')).toBe(0);
    expect(sum(page, "challenged_total", 'kind="javascript"', 'reason="no pass"')).toBe(1);
    expect(sum(page, "requests_total", 'verdict="gate"')).toBeGreaterThan(2);
  });

  test("what nobody answers within timeResolve is abandoned", async () => {
    const { url, clock } = await gated("javascript");
    for (const address of ["8.8.8.1", "8.8.8.2", "8.8.8.3"])
      await openChallenge(url, "/", new Jar(), { from: address });
    expect((await scrape(url)).get('challenges_open{kind="javascript"}')).toBe(3);
    clock.advance(59);
    expect((await scrape(url)).get('abandoned_total{kind="javascript"}')).toBe(0);
    clock.advance(12);
    const page = await scrape(url);
    expect(page.get('abandoned_total{kind="javascript"}')).toBe(3);
    expect(page.get('challenges_open{kind="javascript"}')).toBe(0);
  });

  test("the cookie challenge has the same funnel, although it has no page", async () => {
    const { url, clock } = await gated("cookie");
    expect((await browse(url, "/", { from: VISITOR })).at(-1)?.status).toBe(200);
    await browse(url, "/", { from: "8.8.4.4", keepCookies: false });
    clock.advance(80);
    const page = await scrape(url);
    expect(page.get('issued_total{kind="cookie"}')).toBe(2);
    expect(sum(page, "solved_total", 'kind="cookie"')).toBe(1);
    expect(page.get('abandoned_total{kind="cookie"}')).toBe(1);
  });
});

test("counting ends with the guard, and what was counted stays on the page", async () => {
  const { url, guard, status, store } = await meteredSite(() => ({}));
  await status(VISITOR);
  await guard.close();
  const other = bunker({ store, bunkernet: false, logger: false });
  const page = await scrape(url);
  expect(sum(page, "requests_total")).toBe(1);
  await guard.bans.add(SCANNER);
  expect(sum(await scrape(url), "bans_total")).toBe(0);
  await other.close();
});

test("a request that the service hook breaks is counted, too", async () => {
  const { url, status } = await meteredSite(() => ({
    service: () => {
      throw new Error("broken");
    },
  }));
  await status(VISITOR);
  const page = await scrape(url);
  expect(sum(page, "requests_total", 'service="unknown"')).toBe(1);
  expect(sum(page, "faults_total", 'protection="client"')).toBe(1);
});
