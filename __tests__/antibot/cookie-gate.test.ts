import {
  type Antibot,
  antibot,
  BanList,
  bunker,
  MemoryStore,
  type AntibotOptions,
  type BunkerEvent,
  type SharedOptions,
} from "../../src/index.js";
import { ask, browse, Jar, NAVIGATION, type Ask } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { EXPRESS, HOSTS, plainSite, serve, type Served } from "../support/hosts.js";
import { site as startSite, type TestSite } from "../support/site.js";

const VISITOR = "8.8.8.8";
const SECRET = "a secret of enough characters";
const clock = new Clock();
let served: Served | undefined;

async function site(
  options: Partial<AntibotOptions> & SharedOptions = {},
  host = EXPRESS,
  mountRouter = false,
): Promise<TestSite<Antibot> & { gate: Antibot }> {
  const own = { challenge: "cookie", sessions: { secret: SECRET } } as const;
  const started = await startSite(
    (shared) => antibot({ ...shared, ...own, ...options, store: shared.store }),
    {
      clock,
      host,
      store: options.store,
      mount: (gate) => (mountRouter ? [gate.router, gate] : [gate]),
      record: ["challenged", "solved", "failed", "fault"],
    },
  );
  return { ...started, gate: started.guard };
}

afterEach(async () => {
  await served?.close();
  served = undefined;
});

describe.each(HOSTS)("on $name", (host) => {
  test("a browser lands where it was going, query kept, and the second page opens at once", async () => {
    const { url } = await site({}, host);
    const jar = new Jar();
    const steps = await browse(url, "/shop?item=7&x=%20", { jar, from: VISITOR });
    expect(steps.map(({ status }) => status)).toEqual([302, 302, 200]);
    expect(steps[0]!.headers.location).toMatch(/^\/challenge\?to=[\w-]+$/);
    expect(steps[0]!.headers["cache-control"]).toBe("no-store");
    expect(steps[1]!.headers.location).toBe("/shop?item=7&x=%20");
    expect(steps[2]!.text).toBe("site: /shop?item=7&x=%20");
    expect((await ask(url, "/next", { from: VISITOR, headers: jar.header })).text).toBe("site: /next");
  });

  test("a client without cookies reads one plain page and is not sent in circles", async () => {
    const { url } = await site({}, host);
    const steps = await browse(url, "/deep/page", { keepCookies: false, from: VISITOR });
    const last = steps.at(-1)!;
    expect(steps.length).toBeLessThanOrEqual(4);
    expect(last.status).toBe(403);
    expect(last.text).toMatch(/cookie/i);
    expect(last.headers["cache-control"]).toBe("no-store");
  });
});

test("the front page leads to exactly the challenge's URI, as in BunkerWeb", async () => {
  const { url } = await site({ uri: "/custom" });
  const got = await ask(url, "/", { headers: NAVIGATION });
  expect([got.status, got.headers.location]).toEqual([302, "/custom"]);
});

test("fetch clients, HEAD without a document and posts get 403 problem+json, never a redirect", async () => {
  const { url } = await site();
  const asks: Ask[] = [
    {},
    { headers: { Accept: "application/json" } },
    { method: "POST", body: "a=1" },
    { method: "DELETE", headers: NAVIGATION },
    { headers: { "Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors", Accept: "text/html" } },
  ];
  for (const options of asks) {
    const got = await ask(url, "/api", options);
    expect([got.status, got.headers["content-type"], got.headers.location]).toEqual([
      403,
      "application/problem+json",
      undefined,
    ]);
    expect(got.json).toMatchObject({
      type: "urn:express-bunker:challenge",
      status: 403,
      challenge: "/challenge",
    });
  }
  const head = await ask(url, "/", { method: "HEAD", headers: NAVIGATION });
  expect([head.status, head.text]).toEqual([302, ""]);
});

test("R13 the destination is sealed: nothing the client writes decides where it lands", async () => {
  const { url } = await site();
  for (const target of [
    "/challenge?next=//evil.test",
    "/challenge?to=//evil.test",
    "/challenge?to=aGVsbG8",
  ]) {
    const steps = await browse(url, target);
    expect(steps.at(-1)!.text).toBe("site: /");
  }
  for (const target of ["//evil.test/x", "/\\evil.test", "http://evil.test//evil.test/y"]) {
    const steps = await browse(url, target);
    for (const { headers } of steps) expect(headers.location ?? "/").toMatch(/^\/(?![/\\])/);
  }
  const long = await ask(url, `/long?${"q".repeat(3000)}`, { headers: NAVIGATION });
  expect(long.headers.location!.length).toBeLessThan(3000);
  const landed = await browse(url, `/long?${"q".repeat(3000)}`);
  expect(landed.at(-1)!.text).toBe("site: /long");
  for (const got of [...landed, await ask(url, "/api", { headers: { Host: "evil.test" } })])
    expect(`${got.headers.location ?? ""}${got.text}`).not.toContain("evil.test");
});

test("R7 encoded tricks never match an exclusion; a query is matched only by patterns that ask for one", async () => {
  const { url } = await site({ ignoreUri: ["^/api/", "^/find\\?q="] });
  for (const open of ["/api/x", "/api/a%20b", "/find?q=1"]) expect((await ask(url, open)).status).toBe(200);
  for (const shut of [
    "/api/../admin",
    "/api/..%2fadmin",
    "/api//x",
    "/api/%2e%2e/x",
    "/api/%00",
    "/api/\\x",
    "/find",
    "/other?/api/",
  ]) {
    expect([shut, (await ask(url, shut)).status]).toEqual([shut, 403]);
  }
});

test("R7 include ignores case and a trailing slash, and tricks always match it", async () => {
  const { url } = await site({ include: ["^/admin$"] });
  for (const shut of ["/admin", "/ADMIN", "/admin/", "/%61dmin", "/x/../admin", "//admin"])
    expect([shut, (await ask(url, shut)).status]).toEqual([shut, 403]);
  for (const open of ["/", "/administrator", "/blog"]) expect((await ask(url, open)).status).toBe(200);
});

test("R8 built-in passes are exact", async () => {
  const { url } = await site();
  for (const open of ["/robots.txt", "/favicon.ico", "/.well-known/acme-challenge/x"])
    expect((await ask(url, open)).status).toBe(200);
  for (const shut of [
    "/robots.txt/x",
    "/x/robots.txt",
    "/Robots.txt",
    "/.well-known",
    "/.well-known/../x",
    "/.well-known%2f..%2fadmin",
  ]) {
    expect([shut, (await ask(url, shut)).status]).toEqual([shut, 403]);
  }
});

test("R9 only a bodiless OPTIONS with both headers is a preflight", async () => {
  const preflight = { Origin: "https://app.test", "Access-Control-Request-Method": "PUT" };
  const { url } = await site();
  expect((await ask(url, "/", { method: "OPTIONS", headers: preflight })).status).toBe(200);
  expect((await ask(url, "/", { method: "OPTIONS", headers: { Origin: "https://app.test" } })).status).toBe(
    403,
  );
  expect(
    (
      await ask(url, "/", {
        method: "OPTIONS",
        headers: { ...preflight, "Content-Length": "3" },
        body: "abc",
      })
    ).status,
  ).toBe(403);
  const strict = await site({ preflight: "challenge" });
  expect((await ask(strict.url, "/", { method: "OPTIONS", headers: preflight })).status).toBe(403);
});

test("R16 a pass is void when it is too old, from before a ban, of a lower epoch or of a kind not in force", async () => {
  const { url, store } = await site({ timeValid: 100 });
  const jar = new Jar();
  await browse(url, "/", { jar, from: VISITOR });
  const open = async (): Promise<number> =>
    (await ask(url, "/", { from: VISITOR, headers: jar.header })).status;
  expect(await open()).toBe(200);
  const bans = new BanList(store);
  await bans.add(VISITOR, { ttl: 5 });
  expect(await open()).toBe(403);
  clock.advance(6);
  expect(await open()).toBe(403);
  await browse(url, "/", { jar, from: VISITOR });
  expect(await open()).toBe(200);
  await bans.add(VISITOR);
  await bans.remove(VISITOR);
  expect(await open()).toBe(403);
  await browse(url, "/", { jar, from: VISITOR });
  clock.advance(101);
  expect(await open()).toBe(403);
  await browse(url, "/", { jar, from: VISITOR });
  const raised = await site({ store, epoch: 1 });
  expect((await ask(raised.url, "/", { from: VISITOR, headers: jar.header })).status).toBe(403);
});

test("R17 a pass of another network or User-Agent means a new challenge, never a ban and never a loop", async () => {
  const { url, gate, store } = await site();
  const jar = new Jar();
  const agent = { "User-Agent": "Browser/1" };
  await browse(url, "/", { jar, from: VISITOR, headers: agent });
  const status = async (from: string, userAgent = "Browser/1"): Promise<number> =>
    (await ask(url, "/", { from, headers: { ...jar.header, "User-Agent": userAgent } })).status;
  expect(await status(VISITOR)).toBe(200);
  expect(await status("8.8.8.200")).toBe(200);
  expect(await status("8.8.9.1")).toBe(403);
  expect(await status(VISITOR, "Browser/2")).toBe(403);
  const steps = await browse(url, "/", { jar, from: "8.8.9.1", headers: agent });
  expect(steps.at(-1)!.status).toBe(200);
  expect(await new BanList(store).list()).toEqual([]);
  expect(jar.names).toHaveLength(2);
  expect(gate.health().ok).toBe(true);
});

test("R17 duplicates are each tried, at most four; two services on one host do not overwrite each other", async () => {
  const { url } = await site();
  const jar = new Jar();
  await browse(url, "/", { jar, from: VISITOR });
  const name = jar.names.find((one) => one.includes("_p"))!;
  const good = `${name}=${jar.get(name)!}`;
  const junk = (count: number): string =>
    Array.from({ length: count }, (_, i) => `${name}=junk${i}`).join("; ");
  expect((await ask(url, "/", { from: VISITOR, headers: { Cookie: `${junk(3)}; ${good}` } })).status).toBe(
    200,
  );
  expect((await ask(url, "/", { from: VISITOR, headers: { Cookie: `${junk(4)}; ${good}` } })).status).toBe(
    403,
  );
});

test("R18 tampered cookies are refused; short secrets are errors; secrets rotate; a generated one is shared through the store", async () => {
  expect(() => antibot({ challenge: "cookie", sessions: { secret: "short" } })).toThrow(
    /sessions\.secret: got "\(hidden\)"/,
  );
  const { url, store } = await site();
  const jar = new Jar();
  await browse(url, "/", { jar, from: VISITOR });
  const name = jar.names.find((one) => one.includes("_p"))!;
  const value = jar.get(name)!;
  for (let i = 0; i < value.length; i += 7) {
    const changed = value.slice(0, i) + (value[i] === "A" ? "B" : "A") + value.slice(i + 1);
    expect((await ask(url, "/", { from: VISITOR, headers: { Cookie: `${name}=${changed}` } })).status).toBe(
      403,
    );
  }
  const rotated = await site({ store, sessions: { secret: ["the new secret, long enough", SECRET] } });
  expect((await ask(rotated.url, "/", { from: VISITOR, headers: jar.header })).status).toBe(200);
  const other = await site({ store, sessions: { secret: "quite another secret" } });
  expect((await ask(other.url, "/", { from: VISITOR, headers: jar.header })).status).toBe(403);

  const shared = new MemoryStore({ now: clock.now });
  const one = await site({ store: shared, sessions: { secret: "random" } });
  const kept = new Jar();
  await browse(one.url, "/", { jar: kept, from: VISITOR });
  const two = await site({ store: shared, sessions: { secret: "random" } });
  expect((await ask(two.url, "/", { from: VISITOR, headers: kept.header })).status).toBe(200);
});

test("passes are not valid across services", async () => {
  const { url } = await site({ services: ["a.example.com", "b.example.com"] });
  const jar = new Jar();
  await browse(url, "/", { jar, from: VISITOR, headers: { Host: "a.example.com" } });
  expect(
    (await ask(url, "/", { from: VISITOR, headers: { ...jar.header, Host: "a.example.com" } })).status,
  ).toBe(200);
  expect(
    (await ask(url, "/", { from: VISITOR, headers: { ...jar.header, Host: "b.example.com" } })).status,
  ).toBe(403);
});

test("exclusions, skip and allow open the gate", async () => {
  const { url } = await site({
    ignoreIp: "1.1.1.0/24 2606:4700::/32",
    ignoreUserAgent: "(?i)feedfetcher",
    allow: ["4.4.4.4"],
    skip: (req) => req.headers["x-user"] === "known",
  });
  expect((await ask(url, "/", { from: "1.1.1.9" })).status).toBe(200);
  expect((await ask(url, "/", { from: "2606:4700::1" })).status).toBe(200);
  expect((await ask(url, "/", { headers: { "User-Agent": "FeedFetcher-Google" } })).status).toBe(200);
  expect((await ask(url, "/", { from: "4.4.4.4" })).status).toBe(200);
  expect((await ask(url, "/", { headers: { "X-User": "known" } })).status).toBe(200);
  expect((await ask(url, "/", { from: "5.5.5.5" })).status).toBe(403);
});

test("R11 a hook that answers a promise or throws does not skip; an exception in the gate refuses with 503", async () => {
  const promised = await site({ skip: (() => Promise.resolve(true)) as never });
  expect((await ask(promised.url, "/")).status).toBe(403);
  expect(promised.events.map(({ reason }) => reason)).toContain("hook");
  const thrown = await site({
    skip: () => {
      throw new Error("secret detail");
    },
  });
  const got = await ask(thrown.url, "/");
  expect([got.status, got.text.includes("secret detail")]).toEqual([403, false]);
  const broken = await site({
    challenge: () => {
      throw new Error("secret detail");
    },
  });
  const refused = await ask(broken.url, "/");
  expect([refused.status, refused.text.includes("secret detail")]).toEqual([503, false]);
});

test("the router can be mounted apart; unknown methods are answered, bodies are bounded", async () => {
  const store = new MemoryStore({ now: clock.now });
  const gate = antibot({
    challenge: "cookie",
    sessions: { secret: SECRET },
    logger: false,
    now: clock.now,
    store,
  });
  const { default: express } = await import("express");
  const app = express();
  app.use(gate.uri, gate.router);
  app.use(gate);
  app.use((_req, res) => void res.end("in"));
  served = await serve(app);
  expect((await browse(served.url, "/page")).at(-1)!.text).toBe("in");
  const put = await ask(served.url, "/challenge", { method: "PUT" });
  expect([put.status, put.headers.allow]).toEqual([405, "GET, HEAD, POST"]);
  const form = { "Content-Type": "application/x-www-form-urlencoded" };
  expect(
    (
      await ask(served.url, "/challenge", {
        method: "POST",
        headers: form,
        body: `state=${"x".repeat(9000)}`,
      })
    ).status,
  ).toBe(413);
  expect(
    (await ask(served.url, "/challenge", { method: "POST", headers: form, body: "state=a&state=b" })).status,
  ).toBe(400);
  expect(
    (
      await ask(served.url, "/challenge", {
        method: "POST",
        headers: { "Content-Type": "text/xml" },
        body: "<a/>",
      })
    ).status,
  ).toBe(415);
});

test("bunker() composes: a banned client meets the refusal, not the gate; detect answers nothing", async () => {
  const guard = bunker({ logger: false, store: new MemoryStore(), antibot: { challenge: "cookie" } });
  served = await serve(EXPRESS.app([guard], plainSite));
  await guard.bans.add(VISITOR);
  const got = await ask(served.url, "/", { from: VISITOR, headers: { Accept: "text/html" } });
  expect([got.status, got.headers["content-type"]]).toEqual([403, "text/html; charset=utf-8"]);
  const watching = bunker({
    logger: false,
    mode: "detect",
    store: new MemoryStore(),
    antibot: { challenge: "cookie" },
  });
  const seen: BunkerEvent[] = [];
  watching.events.on("challenged", (event) => seen.push(event));
  await served.close();
  served = await serve(EXPRESS.app([watching], plainSite));
  expect((await ask(served.url, "/", { headers: NAVIGATION })).text).toBe("site: /");
  expect(seen).toMatchObject([{ mode: "detect", path: "/", protection: "antibot" }]);
});

test("a misspelt challenge is one problem, not two", () => {
  const wrong = { chalenge: "cookie" } as unknown as AntibotOptions;
  expect(() => antibot({ store: new MemoryStore(), ...wrong })).toThrow(
    /one option is wrong[^]*chalenge[^]*did you mean "challenge"/,
  );
});
