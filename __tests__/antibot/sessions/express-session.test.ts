import { MemoryStore } from "../../../src/index.js";
import { ask, browse, Jar, NAVIGATION } from "../../support/ask.js";
import { openChallenge, post, solve, workOf } from "../../support/work.js";
import { SECRET, sessionSite, type SessionSite, type SetUp } from "./site.js";

const VISITOR = "8.8.8.8";
const sites: SessionSite[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.served.close();
});

async function start(setUp?: SetUp): Promise<SessionSite> {
  const site = await sessionSite(setUp);
  sites.push(site);
  return site;
}

const last = (steps: readonly { status: number }[]): number | undefined => steps.at(-1)?.status;

test("the session holds the pass, and no cookie of ours does", async () => {
  const { served, warnings } = await start();
  const jar = new Jar();
  const steps = await browse(served.url, "/page", { jar, from: VISITOR });
  expect(last(steps)).toBe(200);
  expect(steps.at(-1)?.json["held"]).toEqual(["cookie", "bunker"]);
  expect(jar.names.filter((name) => name.includes("_p"))).toEqual([]);
  expect((await ask(served.url, "/again", { from: VISITOR, headers: jar.header })).status).toBe(200);
  expect(warnings).toEqual([]);
});

test("a pass in a session is bound and runs out like any other", async () => {
  const { served, clock } = await start();
  const jar = new Jar();
  await browse(served.url, "/page", { jar, from: VISITOR });
  const visit = (from: string): Promise<{ status: number }> =>
    ask(served.url, "/page", { from, headers: { ...NAVIGATION, ...jar.header } });
  expect([(await visit(VISITOR)).status, (await visit("9.9.9.9")).status]).toEqual([200, 302]);
  clock.advance(86_401);
  expect((await visit(VISITOR)).status).toBe(302);
});

test("solving gives the session a new id and keeps what the app had put there", async () => {
  const { served } = await start({ options: { challenge: "javascript", difficulty: 16 } });
  const jar = new Jar();
  const before = await ask(served.url, "/basket", { from: VISITOR });
  jar.take(before);
  const work = workOf((await openChallenge(served.url, "/page", jar, { from: VISITOR })).text);
  const fields = { state: work.state, challenge: solve(work) };
  const solved = await post(served.url, work.action, fields, jar, { from: VISITOR });
  expect([solved.status, solved.json]).toEqual([200, { location: "/page" }]);
  const old = jar.get("connect.sid");
  jar.take(solved);
  const after = await ask(served.url, "/page", { from: VISITOR, headers: jar.header });
  expect(after.json["basket"]).toBe("apples");
  expect(after.json["id"]).not.toBe(before.json["id"]);
  const planted = new Jar();
  planted.set("connect.sid", old as string);
  expect((await ask(served.url, "/page", { from: VISITOR, headers: planted.header })).status).toBe(403);
});

test("R14 a solution opens one session, however many copies of it are posted", async () => {
  const { served } = await start({ options: { challenge: "javascript", difficulty: 16 } });
  const jar = new Jar();
  const work = workOf((await openChallenge(served.url, "/page", jar, { from: VISITOR })).text);
  const fields = { state: work.state, challenge: solve(work) };
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => post(served.url, work.action, fields, jar, { from: VISITOR })),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
});

test.each(["after", "never"] as const)(
  "a session middleware that is mounted %s the gate is explained, and nobody is led in circles",
  async (mounted) => {
    const { served, warnings } = await start({ mounted });
    expect(last(await browse(served.url, "/page", { from: VISITOR }))).toBe(200);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /WRN_BUNKER_SESSION: .*before the gate.*npx express-bunker error WRN_BUNKER_SESSION\)/,
    );
  },
);

test("a session that does not last is explained, and nobody is led in circles", async () => {
  // A secure cookie is never sent on plain http.
  const { served, warnings } = await start({ session: { cookie: { secure: true } } });
  expect(last(await browse(served.url, "/page", { from: VISITOR }))).toBe(200);
  expect(warnings.join()).toContain("WRN_BUNKER_SESSION_LOST");
});

test('sessions: "express-session" is short for keeping passes there, with a generated secret', async () => {
  const { served, warnings } = await start({ options: { sessions: "express-session" } });
  const steps = await browse(served.url, "/page", { from: VISITOR });
  expect(steps.at(-1)?.json["held"]).toEqual(["cookie", "bunker"]);
  expect(warnings).toEqual([]);
});

describe("two instances", () => {
  const cookie = (secret: string, name = "bunker"): SetUp => ({
    mounted: "never",
    options: { sessions: { secret, name } },
  });

  test("with the same secret and name accept each other's passes, in cookies", async () => {
    const [one, two] = [await start(cookie(SECRET)), await start(cookie(SECRET))];
    const jar = new Jar();
    await browse(one.served.url, "/page", { jar, from: VISITOR });
    expect((await ask(two.served.url, "/page", { from: VISITOR, headers: jar.header })).status).toBe(200);
    expect(two.warnings).toEqual([]);
  });

  test("with the same secret and store accept each other's passes, in sessions", async () => {
    const store = new MemoryStore();
    const [one, two] = [await start({ store }), await start({ store })];
    const jar = new Jar();
    await browse(one.served.url, "/page", { jar, from: VISITOR });
    expect((await ask(two.served.url, "/page", { from: VISITOR, headers: jar.header })).status).toBe(200);
  });

  test("with different secrets say so once, and nobody is led in circles", async () => {
    const [one, two] = [await start(cookie(SECRET)), await start(cookie(`another ${SECRET}`))];
    const jar = new Jar();
    let target = "/page";
    let status = 302;
    let steps = 0;
    // A balancer that hands out its instances in turn: the worst case.
    while (status === 302 && steps < 40) {
      const { url } = (steps++ % 2 === 0 ? one : two).served;
      const got = await ask(url, target, { from: VISITOR, headers: { ...NAVIGATION, ...jar.header } });
      jar.take(got);
      status = got.status;
      target = got.headers.location ?? target;
    }
    expect(steps).toBeLessThan(25);
    expect(status).not.toBe(302);
    for (const { warnings } of [one, two].filter(({ warnings }) => warnings.length > 0))
      expect(warnings).toEqual([expect.stringContaining("WRN_BUNKER_FOREIGN_PASS")]);
    expect([...one.warnings, ...two.warnings].length).toBeGreaterThan(0);
  });

  test("another app's pass of another name is none of our business", async () => {
    const [one, two] = [await start(cookie(SECRET, "shop")), await start(cookie(SECRET))];
    const jar = new Jar();
    await browse(one.served.url, "/page", { jar, from: VISITOR });
    await browse(two.served.url, "/page", { jar, from: VISITOR });
    expect(two.warnings).toEqual([]);
  });
});

test("successUri is where visitors go when they have solved the challenge", async () => {
  const { served } = await start({ options: { successUri: "/welcome?from=gate" } });
  const steps = await browse(served.url, "/page", { from: VISITOR });
  expect(steps.map(({ headers }) => headers.location).at(-2)).toBe("/welcome?from=gate");
  expect(last(steps)).toBe(200);
});
