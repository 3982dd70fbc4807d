import {
  type Antibot,
  antibot,
  badBehavior,
  BanList,
  MemoryStore,
  type AntibotOptions,
  type ChallengeKind,
  type SharedOptions,
} from "../../src/index.js";
import { ask, browse, Jar, NAVIGATION } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { plainSite, serve, type Served, type Site } from "../support/hosts.js";
import { site as startSite, type TestSite } from "../support/site.js";
import { isSolution, openChallenge, post, solve, workOf, type Work } from "../support/work.js";

const VISITOR = "8.8.8.8";
const SECRET = "a secret of enough characters";
const clock = new Clock();
let served: Served | undefined;

function site(
  options: Partial<AntibotOptions> & SharedOptions = {},
  behind: Site = plainSite,
): Promise<TestSite<Antibot>> {
  const own = { challenge: "javascript", difficulty: 16, sessions: { secret: SECRET } } as const;
  return startSite((shared) => antibot({ ...own, ...shared, ...options }), {
    clock,
    behind,
    store: options.store,
    mount: (gate, shared) => [badBehavior(shared), gate],
    record: ["challenged", "solved", "failed", "fault"],
  });
}

async function challenged(
  url: string,
  target = "/deep?x=1",
  jar = new Jar(),
): Promise<{ jar: Jar; work: Work; solution: string }> {
  const work = workOf((await openChallenge(url, target, jar, { from: VISITOR })).text);
  return { jar, work, solution: solve(work) };
}

const answer = (
  url: string,
  { jar, work, solution }: { jar: Jar; work: Work; solution: string },
  from = VISITOR,
): Promise<Awaited<ReturnType<typeof ask>>> =>
  post(url, work.action, { state: work.state, challenge: solution }, jar, { from });

afterEach(async () => {
  await served?.close();
  served = undefined;
});

test("solved once, the site opens, and the visitor lands with the query", async () => {
  const { url, events } = await site();
  const one = await challenged(url);
  const got = await answer(url, one);
  expect([got.status, got.json]).toEqual([200, { location: "/deep?x=1" }]);
  one.jar.take(got);
  expect((await ask(url, "/deep?x=1", { from: VISITOR, headers: one.jar.header })).text).toBe(
    "site: /deep?x=1",
  );
  expect(events.map(({ type }) => type)).toEqual(["challenged", "solved"]);
});

test("a plain form post of the solution is redirected with 303", async () => {
  const { url } = await site();
  const one = await challenged(url);
  const got = await ask(url, one.work.action, {
    method: "POST",
    from: VISITOR,
    headers: {
      ...one.jar.header,
      ...NAVIGATION,
      "Content-Type": "application/x-www-form-urlencoded",
      "Sec-Fetch-Site": "same-origin",
    },
    body: `state=${one.work.state}&challenge=${one.solution}`,
  });
  expect([got.status, got.headers.location]).toEqual([303, "/deep?x=1"]);
});

test("R14 fifty concurrent copies of a solution are one pass", async () => {
  const { url } = await site();
  const one = await challenged(url);
  const statuses = (await Promise.all(Array.from({ length: 50 }, () => answer(url, one)))).map(
    ({ status }) => status,
  );
  expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  expect(statuses.filter((status) => status === 403)).toHaveLength(49);
});

test("R14 fifty concurrent guesses at something that can be guessed are one evaluation", async () => {
  let evaluations = 0;
  const riddle: ChallengeKind<string> = {
    name: "riddle",
    issue: () => "right",
    page: () => ({ body: `<input name="word">`, config: {} }),
    verify: (state, fields) => {
      evaluations++;
      return fields.get("word") === state;
    },
  };
  const { url } = await site({ challenge: riddle as ChallengeKind });
  const jar = new Jar();
  const work = workOf((await openChallenge(url, "/", jar, { from: VISITOR })).text);
  const guesses = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      post(url, "/challenge", { state: work.state, word: i === 49 ? "right" : `guess ${i}` }, jar, {
        from: VISITOR,
      }),
    ),
  );
  expect(evaluations).toBe(1);
  expect(guesses.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
});

test("R15 only a wrong answer to a valid challenge by a same-origin post counts for Bad Behavior", async () => {
  const { url, store } = await site();
  const bans = new BanList(store);
  const wrong = async (headers: Record<string, string> = {}): Promise<number> => {
    const jar = new Jar();
    const { state } = workOf((await openChallenge(url, "/", jar, { from: VISITOR })).text);
    return (await post(url, "/challenge", { state, challenge: "0" }, jar, { from: VISITOR, headers })).status;
  };
  for (let i = 0; i < 12; i++) expect(await wrong({ "Sec-Fetch-Site": "cross-site" })).toBe(403);
  for (let i = 0; i < 12; i++)
    expect((await post(url, "/challenge", { state: "junk" }, new Jar(), { from: VISITOR })).status).not.toBe(
      200,
    );
  expect(await bans.list()).toEqual([]);
  for (let i = 0; i < 10; i++) expect(await wrong()).toBe(403);
  expect((await bans.list()).map(({ ip }) => ip)).toEqual([VISITOR]);
});

test("R15 an expired challenge is issued anew in place, keeps the destination and is never counted", async () => {
  const { url, store } = await site({ timeResolve: 30 });
  for (let i = 0; i < 11; i++) {
    const late = await challenged(url);
    clock.advance(31);
    const got = await answer(url, late);
    expect([got.status, got.json["type"], got.json["expired"]]).toEqual([
      403,
      "urn:express-bunker:expired",
      true,
    ]);
    const again = got.json["challenge"] as Work;
    const solved = await answer(url, {
      jar: late.jar,
      work: { ...late.work, ...again },
      solution: solve(again),
    });
    expect(solved.json).toEqual({ location: "/deep?x=1" });
  }
  expect(await new BanList(store).list()).toEqual([]);
}, 30_000);

test("R13 a challenge is good for its own browser, service, kind and secret only, and for the difficulty that it was issued with", async () => {
  const { url } = await site({ services: ["a.test", "b.test"], unknownHost: "a.test" });
  const one = await challenged(url);
  const other = await challenged(url);
  expect((await answer(url, { ...one, jar: other.jar })).status).toBe(403);
  expect((await answer(url, { ...one, work: { ...one.work, state: other.work.state } })).status).toBe(403);
  expect(
    (
      await post(url, "/challenge", { state: one.work.state, challenge: one.solution }, one.jar, {
        from: VISITOR,
        headers: { Host: "b.test" },
      })
    ).status,
  ).not.toBe(200);
  expect(
    (
      await post(
        url,
        "/challenge",
        { state: one.work.state, challenge: one.solution, target: "4294967295" },
        one.jar,
        { from: VISITOR },
      )
    ).status,
  ).toBe(200);
  const easy = solve({ ...other.work, target: 2 ** 31 });
  expect(
    (
      await post(
        url,
        "/challenge",
        { state: other.work.state, challenge: easy, target: "2147483648", difficulty: "1" },
        other.jar,
        { from: VISITOR },
      )
    ).status,
  ).toBe(403);
  const fresh = await site({ sessions: { secret: "another secret, long enough" } });
  expect((await answer(fresh.url, one)).status).not.toBe(200);
});

test("R13 several tabs each land where they were going; the favicon never becomes the destination", async () => {
  const { url } = await site();
  const jar = new Jar();
  const tabs = [await challenged(url, "/one?a", jar), await challenged(url, "/two?b", jar)];
  await ask(url, "/favicon.ico", { from: VISITOR, headers: jar.header });
  const landed = [];
  for (const tab of tabs.reverse()) landed.push((await answer(url, tab)).json["location"]);
  expect(landed).toEqual(["/two?b", "/one?a"]);
  expect(jar.names.filter((name) => name.includes("_b"))).toHaveLength(1);
});

test("R16 a pass is void when issued before a ban, and a challenge-ban asks for a new one", async () => {
  const { url, store } = await site();
  const one = await challenged(url);
  one.jar.take(await answer(url, one));
  const bans = new BanList(store);
  await bans.add(VISITOR, { action: "challenge", service: "default" });
  const headers = { ...one.jar.header, Accept: "application/json" };
  expect((await ask(url, "/", { from: VISITOR, headers })).json["type"]).toBe("urn:express-bunker:denied");
  await bans.remove(VISITOR);
  expect((await ask(url, "/", { from: VISITOR, headers })).json["type"]).toBe("urn:express-bunker:challenge");
});

test("mutated tokens, cookies and solutions are refused: none of 400 is accepted", async () => {
  const { url, store } = await site();
  const one = await challenged(url);
  let accepted = 0;
  const mutate = (text: string, seed: number): string => {
    const at = (seed * 7919) % text.length;
    const by = "ABCDEFabcdef0123456789-_"[seed % 24] as string;
    if (seed % 3 === 0) return text.slice(0, at) + (text[at] === by ? "z" : by) + text.slice(at + 1);
    return seed % 3 === 1 ? text.slice(0, at) : text + by;
  };
  expect(isSolution(one.work, one.solution)).toBe(true);
  for (let i = 0; i < 200; i++) {
    const fields =
      i % 2 === 0
        ? { state: mutate(one.work.state, i), challenge: one.solution }
        : { state: one.work.state, challenge: mutate(one.solution, i) };
    // One digit changed may be another right solution, once in thousands of times.
    if (i % 2 === 1 && isSolution(one.work, fields.challenge)) continue;
    if (
      (await post(url, one.work.action, fields, one.jar, { from: `20.0.${i >> 8}.${i & 255}` })).status ===
      200
    )
      accepted++;
  }
  one.jar.take(await answer(url, one));
  const name = one.jar.names.find((cookie) => cookie.includes("_p"))!;
  for (let i = 0; i < 200; i++) {
    if (
      (
        await ask(url, "/", {
          from: VISITOR,
          headers: { Cookie: `${name}=${mutate(one.jar.get(name)!, i)}` },
        })
      ).status === 200
    )
      accepted++;
  }
  expect(accepted).toBe(0);
  expect(await new BanList(store).get(VISITOR)).toBeUndefined();
}, 60_000);

describe("R19 a form that meets the gate", () => {
  const echo: Site = (req, res) => {
    let body = "";
    req.on("data", (chunk: Buffer) => (body += chunk.toString()));
    req.on("end", () => res.end(`${req.method ?? ""} ${req.url ?? ""} ${body}`));
  };
  const form = {
    ...NAVIGATION,
    "Content-Type": "application/x-www-form-urlencoded",
    "Sec-Fetch-Site": "same-origin",
  };

  test("R19 is answered with the challenge, holds its fields sealed, and is posted again after solving", async () => {
    const { url } = await site({}, echo);
    const jar = new Jar();
    const page = await ask(url, "/comment?id=4", {
      method: "POST",
      from: VISITOR,
      headers: form,
      body: "text=hello+%26+bye&tag=a&tag=b&secret=s3cr3t",
    });
    expect([page.status, page.headers["content-type"], page.text.includes("s3cr3t")]).toEqual([
      403,
      "text/html; charset=utf-8",
      false,
    ]);
    jar.take(page);
    const work = workOf(page.text);
    const got = await post(
      url,
      work.action,
      { state: work.state, form: work.form!, challenge: solve(work) },
      jar,
      { from: VISITOR },
    );
    expect(got.json).toEqual({
      repost: {
        url: "/comment?id=4",
        fields: [
          ["text", "hello & bye"],
          ["tag", "a"],
          ["tag", "b"],
          ["secret", "s3cr3t"],
        ],
      },
    });
    jar.take(got);
    const again = await ask(url, "/comment?id=4", {
      method: "POST",
      from: VISITOR,
      headers: { ...form, ...jar.header },
      body: "text=hello",
    });
    expect(again.text).toBe("POST /comment?id=4 text=hello");
  });

  test("R19 without a script the page posts it again; another browser's sealed form is not opened", async () => {
    const { url } = await site({ challenge: "cookie" }, echo);
    const jar = new Jar();
    const page = await ask(url, "/comment", {
      method: "POST",
      from: VISITOR,
      headers: form,
      body: "text=%22%3Cb%3E",
    });
    jar.take(page);
    const field = (name: string): string => new RegExp(`name="${name}" value="([^"]+)"`).exec(page.text)![1]!;
    const sent = { state: field("state"), form: field("form") };
    const got = await post(url, "/challenge/form", sent, jar, { from: VISITOR, headers: NAVIGATION });
    expect(got.text).toContain(`<textarea hidden name="text">\n&quot;&lt;b&gt;</textarea>`);
    const thief = await post(url, "/challenge/form", sent, new Jar(), { from: VISITOR, headers: NAVIGATION });
    expect(thief.text).not.toContain("textarea");
  });

  test("R19 cross-site posts, and posts that do not say where they come from, are never kept", async () => {
    const { url } = await site({}, echo);
    for (const headers of [
      { ...form, "Sec-Fetch-Site": "cross-site" },
      { ...form, "Sec-Fetch-Site": "same-site" },
      { Accept: "text/html", "Content-Type": "application/x-www-form-urlencoded" },
    ]) {
      const got = await ask(url, "/comment", { method: "POST", from: VISITOR, headers, body: "text=x" });
      expect([got.status, got.headers["content-type"]]).toEqual([403, "application/problem+json"]);
    }
    const origin = await ask(url, "/comment", {
      method: "POST",
      from: VISITOR,
      headers: { Accept: "text/html", "Content-Type": "application/x-www-form-urlencoded", Origin: url },
      body: "text=x",
    });
    expect(workOf(origin.text).form).toBeDefined();
  });

  test("R19 long, multipart and JSON bodies are told what to do, as everything is with keepPost: false", async () => {
    const { url } = await site({}, echo);
    const long = await ask(url, "/comment", {
      method: "POST",
      from: VISITOR,
      headers: form,
      body: `text=${"x".repeat(17_000)}`,
    });
    const parts = await ask(url, "/comment", {
      method: "POST",
      from: VISITOR,
      headers: { ...form, "Content-Type": "multipart/form-data; boundary=x" },
      body: "--x--",
    });
    for (const got of [long, parts])
      expect([got.status, /send it again/.test(got.text), got.text.includes("bunker-config")]).toEqual([
        403,
        true,
        false,
      ]);
    expect(
      (
        await ask(url, "/api", {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: "{}",
        })
      ).json["type"],
    ).toBe("urn:express-bunker:challenge");
    const off = await site({ keepPost: false }, echo);
    expect(
      (await ask(off.url, "/comment", { method: "POST", headers: form, body: "text=x" })).text,
    ).toContain("send it again");
  });
});

test("require(kind) wants that kind on one route, on top of the pass", async () => {
  const store = new MemoryStore({ now: clock.now });
  const gate = antibot({
    challenge: "cookie",
    difficulty: 16,
    sessions: { secret: SECRET },
    logger: false,
    now: clock.now,
    store,
  });
  const { default: express } = await import("express");
  const app = express();
  app.set("trust proxy", "loopback");
  app.use(gate);
  app.get("/admin", gate.require("javascript"), (_req, res) => void res.end("admin"));
  app.use(plainSite);
  served = await serve(app);
  const jar = new Jar();
  expect((await browse(served.url, "/", { jar, from: VISITOR })).at(-1)!.text).toBe("site: /");
  const work = workOf((await openChallenge(served.url, "/admin", jar, { from: VISITOR })).text);
  const got = await post(served.url, work.action, { state: work.state, challenge: solve(work) }, jar, {
    from: VISITOR,
  });
  expect(got.json).toEqual({ location: "/admin" });
  jar.take(got);
  expect((await ask(served.url, "/admin", { from: VISITOR, headers: jar.header })).text).toBe("admin");
  expect((await ask(served.url, "/", { from: VISITOR, headers: jar.header })).text).toBe("site: /");
  expect(() => gate.require("javascrpt" as never)).toThrow(/did you mean "javascript"/);
});

test("a ladder escalates for who fails, and a hook picks a kind for each request", async () => {
  const { url } = await site({ challenge: ["cookie", "javascript"] });
  for (let i = 0; i < 3; i++) await browse(url, "/", { keepCookies: false, from: VISITOR });
  expect((await openChallenge(url, "/", new Jar(), { from: VISITOR })).text).toContain("bunker-config");
  expect((await browse(url, "/", { from: "8.8.4.4" })).at(-1)!.text).toBe("site: /");
  const picked = await site({
    challenge: (client, req) =>
      req.url === "/open" ? "no" : client.ip === VISITOR ? "javascript" : "cookie",
  });
  expect((await ask(picked.url, "/open", { from: VISITOR })).text).toBe("site: /open");
  expect((await openChallenge(picked.url, "/", new Jar(), { from: VISITOR })).text).toContain(
    "bunker-config",
  );
  expect((await browse(picked.url, "/", { from: "8.8.4.4" })).at(-1)!.text).toBe("site: /");
});

test("R21 unsolved visits raise a prefix's difficulty, solving and time ease it again; the least is 2^16", async () => {
  const { url } = await site();
  const bits = async (from: string): Promise<number> =>
    37 - Math.log2(workOf((await openChallenge(url, "/", new Jar(), { from })).text).target);
  expect(await bits("20.1.1.1")).toBeCloseTo(16);
  for (let i = 0; i < 40; i++) await bits(`20.1.1.${i}`);
  expect(await bits("20.1.1.1")).toBeGreaterThanOrEqual(18);
  expect(await bits("20.1.1.1")).toBeLessThanOrEqual(20);
  expect(await bits("20.9.9.9")).toBeCloseTo(16);
  clock.advance(600);
  expect(await bits("20.1.1.1")).toBeCloseTo(16);
  expect(() => antibot({ challenge: "javascript", difficulty: 15 })).toThrow(/difficulty: got 15/);
});

test("R36 while the store is away people get in, and a replay gains nothing on the same instance", async () => {
  const store = new MemoryStore({ now: clock.now });
  const down = (): never => {
    throw new Error("down");
  };
  const { url } = await site({
    store: Object.assign(Object.create(store) as MemoryStore, {
      add: down,
      hit: down,
      increment: down,
      set: down,
    }),
  });
  const one = await challenged(url);
  expect((await answer(url, one)).status).toBe(200);
  expect((await answer(url, one)).status).toBe(403);
});

test("R32 a million unsolved visitors leave nothing in the store: what a challenge needs is in the page", async () => {
  const { url, store } = await site();
  for (let i = 0; i < 300; i++)
    await openChallenge(url, `/p${i}`, new Jar(), { from: `20.2.${i >> 8}.${i & 255}` });
  const kept: string[] = [];
  for (const namespace of ["ban", "spent", "hit", "cache", "state"] as const)
    for await (const key of store.keys(namespace)) kept.push(key);
  expect(kept).toEqual([]);
});

test("R35 without JavaScript the captcha is offered as a plain form, unless noscript is deny", async () => {
  const { url } = await site();
  const jar = new Jar();
  const page = await openChallenge(url, "/deep?x=1", jar, { from: VISITOR });
  const way = /<noscript>.*?<a class="button" href="([^"]+)"/s.exec(page.text)![1]!;
  const captcha = await openChallenge(url, way, jar, { from: VISITOR });
  expect(captcha.text).toContain(`name="captcha"`);
  const strict = await site({ noscript: "deny" });
  expect((await openChallenge(strict.url, "/", new Jar(), { from: VISITOR })).text).toMatch(
    /<noscript>(?:(?!<a ).)*<\/noscript>/s,
  );
});

test("renew: a page opened in the second half of a pass's life brings a new one along", async () => {
  const { url } = await site({ timeValid: 1000, renew: true });
  const one = await challenged(url);
  one.jar.take(await answer(url, one));
  const open = async (): Promise<Awaited<ReturnType<typeof ask>>> =>
    ask(url, "/", { from: VISITOR, headers: { ...NAVIGATION, ...one.jar.header } });
  clock.advance(400);
  expect((await open()).headers["set-cookie"]).toBeUndefined();
  clock.advance(200);
  const renewed = await open();
  expect([renewed.status, renewed.headers["set-cookie"]?.length]).toEqual([200, 1]);
  one.jar.take(renewed);
  clock.advance(900);
  expect((await open()).status).toBe(200);
});
