import { bunker, BunkerOptionsError } from "../../src/index.js";
import { basicAuth, dashboard } from "../../src/dashboard/index.js";
import { Clock } from "../support/clock.js";
import { ask } from "../support/ask.js";
import { site } from "../support/site.js";
import { CREDENTIALS, dashboardSite, MOUNT } from "./site.js";

const wrong = (password = "wrong"): string => `Basic ${Buffer.from(`admin:${password}`).toString("base64")}`;

describe("who may use the dashboard", () => {
  it("does not start without authorize, or for anything but a guard of bunker()", async () => {
    const guard = bunker({ bunkernet: false });
    expect(() => dashboard({ bunker: guard } as never)).toThrow(BunkerOptionsError);
    expect(() => dashboard({ bunker: guard } as never)).toThrow(/authorize.*basicAuth/s);
    expect(() => dashboard({ bunker: guard, authorize: "admin:secret" } as never)).toThrow(/authorize/);
    expect(() => dashboard({ bunker: () => undefined, authorize: () => true } as never)).toThrow(
      /bunker: .*what bunker\(\) has returned/,
    );
    expect(() => dashboard(undefined as never)).toThrow(/bunker.*authorize/s);
    await guard.close();
  });

  it("names every wrong option of basicAuth, and never a password", () => {
    expect(() => basicAuth({} as never)).toThrow(/users/);
    expect(() => basicAuth({ users: {} })).toThrow(/at least one name/);
    expect(() => basicAuth({ users: { "a:b": "the secret word" } })).toThrow(/colon/);
    try {
      basicAuth({ users: { "a:b": "the secret word" } });
    } catch (error) {
      expect(String(error)).not.toContain("the secret word");
    }
    expect(() => basicAuth({ users: { admin: undefined } } as never)).toThrow(BunkerOptionsError);
  });

  it("asks for a name and a password, and lets the right ones in", async () => {
    const { url, operate } = await dashboardSite();
    const anonymous = await ask(url, `${MOUNT}/api/session`);
    expect(anonymous.status).toBe(401);
    expect(anonymous.headers["www-authenticate"]).toBe('Basic realm="express-bunker", charset="UTF-8"');
    expect(anonymous.headers["cache-control"]).toBe("no-store");
    expect((await operate("/api/session")).status).toBe(200);
    for (const [n, authorization] of [
      wrong(),
      "Basic",
      "Basic !!!",
      "Bearer x",
      `Basic ${"A".repeat(5000)}`,
      `${CREDENTIALS.slice(0, -3)}x`,
      "",
    ].entries()) {
      const got = await ask(url, `${MOUNT}/`, { headers: { authorization }, from: `198.51.100.${n}` });
      expect([authorization, got.status]).toEqual([authorization, 401]);
    }
  });

  it("has an address wait after five wrong passwords, but nobody else, and no browser that is signed in", async () => {
    const clock = new Clock();
    const { url, operate } = await dashboardSite({}, { clock });
    const from = "198.51.100.7";
    const attempt = async (authorization: string, ip = from) =>
      ask(url, `${MOUNT}/api/session`, { from: ip, headers: { authorization } });
    for (let n = 0; n < 5; n++) expect((await attempt(wrong())).status).toBe(401);
    const waiting = await attempt(wrong());
    expect(waiting.status).toBe(429);
    expect(waiting.headers["retry-after"]).toBe("1");
    // The right one has to wait, too: a guess would not be told from it otherwise.
    expect((await attempt(CREDENTIALS)).status).toBe(429);
    expect((await attempt(CREDENTIALS, "198.51.100.8")).status).toBe(200);
    clock.advance(2);
    expect((await attempt(wrong())).status).toBe(401);
    expect((await attempt(wrong())).headers["retry-after"]).toBe("2");
    clock.advance(3);
    expect((await attempt(CREDENTIALS)).status).toBe(200);
    for (let n = 0; n < 20; n++) await attempt(wrong());
    expect((await attempt(wrong())).status).toBe(429);
    expect((await attempt(CREDENTIALS)).status).toBe(200);
    expect((await operate("/api/session")).status).toBe(200);
  });

  it("takes all addresses of an IPv6 network for one client", async () => {
    const { url } = await dashboardSite();
    const attempt = async (from: string) =>
      (await ask(url, `${MOUNT}/api/session`, { from, headers: { authorization: wrong() } })).status;
    for (let n = 0; n < 5; n++) expect(await attempt(`2001:db8::${n}`)).toBe(401);
    expect(await attempt("2001:db8::ffff")).toBe(429);
    expect(await attempt("2001:db8:0:1::1")).toBe(401);
  });

  it("locks out none of several operators at one address while others fail there", async () => {
    const users = { ann: "the one", ben: "the other" };
    const authorize = basicAuth({ users });
    const { url } = await dashboardSite({}, { authorize });
    const attempt = async (name: string, password: string) => {
      const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
      return (await ask(url, `${MOUNT}/api/session`, { headers: { authorization } })).status;
    };
    expect([await attempt("ann", "the one"), await attempt("ben", "the other")]).toEqual([200, 200]);
    for (let n = 0; n < 8; n++) {
      expect([401, 429]).toContain(await attempt("ann", `wrong ${n}`));
      expect([await attempt("ann", "the one"), await attempt("ben", "the other")]).toEqual([200, 200]);
    }
    expect(await attempt("ann", "wrong")).toBe(429);
  });

  it("has guesses from many addresses wait, too, but no address that has signed in before", async () => {
    const clock = new Clock();
    const { url, operate } = await dashboardSite({}, { clock });
    const home = "192.0.2.1";
    expect((await operate("/api/session", { from: home })).status).toBe(200);
    const attempt = async (n: number, authorization = wrong()) =>
      (
        await ask(url, `${MOUNT}/api/session`, {
          from: `10.1.${n >> 8}.${n & 255}`,
          headers: { authorization },
        })
      ).status;
    for (let n = 0; n < 300; n++) expect([n, await attempt(n)]).toEqual([n, 401]);
    expect([await attempt(300), await attempt(301, CREDENTIALS)]).toEqual([429, 429]);
    expect((await operate("/api/session", { from: home })).status).toBe(200);
    expect((await ask(url, `${MOUNT}/`, { from: home, headers: { authorization: wrong() } })).status).toBe(
      401,
    );
    expect((await operate("/api/session", { from: home })).status).toBe(200);
    clock.advance(2);
    expect(await attempt(302, CREDENTIALS)).toBe(200);
    expect([await attempt(303), await attempt(304), await attempt(305)]).toEqual([401, 401, 429]);
  });

  it("takes names and passwords of any letters, however they are typed, and refuses those that nobody can type", async () => {
    const users = JSON.parse('{"zoë":"pä:ss:wörd ☃","__proto__":"another one"}') as Record<string, string>;
    const { url } = await dashboardSite({}, { authorize: basicAuth({ users }) });
    const attempt = async (credentials: string) => {
      const authorization = `basic   ${Buffer.from(credentials).toString("base64")}`;
      return (await ask(url, `${MOUNT}/api/session`, { headers: { authorization } })).status;
    };
    expect(await attempt("zoë:pä:ss:wörd ☃".normalize("NFC"))).toBe(200);
    expect(await attempt("zoë:pä:ss:wörd ☃".normalize("NFD"))).toBe(200);
    expect(await attempt("__proto__:another one")).toBe(200);
    expect([await attempt("constructor:another one"), await attempt("__proto__:")]).toEqual([401, 401]);
    expect(await attempt(`zoë:${"p".repeat(2000)}`)).toBe(401);
    // Such as that of a file with a line feed at its end.
    expect(() => basicAuth({ users: { admin: "the secret word\n" } })).toThrow(/control characters/);
    expect(() => basicAuth({ users: { admin: "x".repeat(600) } })).toThrow(/512 bytes/);
    const long = "ü".repeat(250);
    const site = await dashboardSite({}, { authorize: basicAuth({ users: { admin: long } }) });
    const authorization = `Basic ${Buffer.from(`admin:${long}`).toString("base64")}`;
    expect((await ask(site.url, `${MOUNT}/`, { headers: { authorization } })).status).toBe(200);
  });

  it("does not count missing credentials as failures or as bad behaviour", async () => {
    const { url, operate, guard, status } = await dashboardSite({ badBehavior: { threshold: 3 } });
    const from = "81.2.69.5";
    for (let n = 0; n < 30; n++) expect((await ask(url, `${MOUNT}/`, { from })).status).toBe(401);
    expect((await operate("/api/session", { from })).status).toBe(200);
    expect(await guard.bans.list()).toEqual([]);
    expect(await status(from)).toBe(200);
  });

  it("warns where it is mounted behind the guard, and its 401s count for nobody there", async () => {
    const made = await site(
      ({ store, now, logger }) =>
        bunker({ store, now, logger, bunkernet: false, badBehavior: { threshold: 3 } }),
      {
        mount: (guard) => [
          guard,
          dashboard({ bunker: guard, authorize: basicAuth({ users: { admin: "x" } }) }),
        ],
      },
    );
    for (let n = 0; n < 10; n++) expect(await made.status("81.2.69.6")).toBe(401);
    expect(await made.guard.bans.list()).toEqual([]);
    expect(made.warnings.filter((line) => line.includes("WRN_BUNKER_DASHBOARD"))).toHaveLength(1);
  });

  it("is reached by a banned operator, and never challenged", async () => {
    const { operate, guard, status } = await dashboardSite({
      antibot: { challenge: "cookie" },
      sessions: { secret: "a secret of at least sixteen characters" },
    });
    await guard.bans.add("81.2.69.8");
    expect(await status("81.2.69.8")).toBe(403);
    expect((await operate("/api/session", { from: "81.2.69.8" })).status).toBe(200);
  });

  it("stays closed when the app's check throws, rejects or returns anything but true", async () => {
    for (const authorize of [
      () => {
        throw new Error("broken");
      },
      () => Promise.reject(new Error("broken")),
      () => "yes" as never,
      () => 1 as never,
      () => false,
    ]) {
      const { operate } = await dashboardSite({}, { authorize });
      const { status, text } = await operate("/api/bans");
      expect([403, 500]).toContain(status);
      expect(text).not.toContain("broken");
    }
  });

  it("lets the app's check respond by itself", async () => {
    const { operate } = await dashboardSite(
      {},
      {
        authorize: (_req, res) => {
          res.writeHead(302, { Location: "/sign-in" }).end();
          return false;
        },
      },
    );
    const { status, headers } = await operate("/");
    expect([status, headers.location]).toEqual([302, "/sign-in"]);
  });
});

describe("what other sites can do", () => {
  it("refuses every change without the token, with a wrong or old one, or from another origin", async () => {
    const clock = new Clock();
    const { operate, act, guard } = await dashboardSite({}, { clock });
    const body = JSON.stringify({ address: "198.51.100.1" });
    const post = (headers: Record<string, string>) =>
      operate("/api/bans", {
        method: "POST",
        body,
        headers: { "Content-Type": "application/json", ...headers },
      });
    const token = String((await operate("/api/session")).json["csrf"]);
    expect((await post({})).status).toBe(403);
    expect((await post({ "X-Bunker-CSRF": "1.x" })).status).toBe(403);
    expect((await post({ "X-Bunker-CSRF": `9${token}` })).status).toBe(403);
    expect((await post({ "X-Bunker-CSRF": token, "Sec-Fetch-Site": "cross-site" })).status).toBe(403);
    expect((await post({ "X-Bunker-CSRF": token, "Sec-Fetch-Site": "same-site" })).status).toBe(403);
    expect((await post({ "X-Bunker-CSRF": token, Origin: "https://evil.example" })).status).toBe(403);
    expect((await post({ "X-Bunker-CSRF": token, "Content-Type": "text/plain" })).status).toBe(415);
    expect(await guard.bans.list()).toEqual([]);
    expect((await act("POST", "/api/bans", { address: "198.51.100.1" })).status).toBe(201);
    expect(
      (
        await act(
          "POST",
          "/api/bans",
          { address: "198.51.100.2" },
          { headers: { "Sec-Fetch-Site": "same-origin" } },
        )
      ).status,
    ).toBe(201);
    clock.advance(12 * 3600 + 2);
    expect((await post({ "X-Bunker-CSRF": token })).status).toBe(403);
  });

  it("refuses to be read by other sites, framed, or sniffed", async () => {
    const { operate } = await dashboardSite();
    expect((await operate("/api/bans", { headers: { "Sec-Fetch-Site": "cross-site" } })).status).toBe(403);
    const { headers } = await operate("/api/session");
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers["content-security-policy"]).toContain("script-src 'self'");
    expect(headers["content-security-policy"]).not.toContain("unsafe");
    expect(headers["x-frame-options"]).toBe("DENY");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
    expect(headers["cache-control"]).toBe("no-store");
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("answers nonsense with a problem in words", async () => {
    const { operate, act } = await dashboardSite();
    for (const [path, status] of [
      ["/api/nothing", 404],
      ["/api/", 404],
      ["/api/bans/1/2/3", 404],
      ["/nothing", 404],
      ["/static/../dashboard.js", 404],
      ["/static/%2e%2e%2fdashboard.js", 404],
      ["/api/overview?range=1y", 400],
      ["/api/bans?limit=100000", 400],
      ["/api/bans?limit=-1", 400],
      [`/api/bans?search=${"x".repeat(600)}`, 400],
      ["/api/events?types=everything", 400],
      ["/api/addresses/nobody", 400],
      ["/api/addresses/%E0%A4%A", 400],
      ["/api/references/nothing", 404],
    ] as const) {
      const got = await operate(path);
      expect([path, got.status]).toEqual([path, status]);
      expect(got.json).toMatchObject({ error: { code: expect.any(String), message: expect.any(String) } });
      expect(got.text).not.toMatch(/at .*\.ts|node:internal/);
    }
    for (const body of [
      {},
      { address: 5 },
      { address: "x" },
      { address: "198.51.100.1", ttl: -1 },
      { address: "198.51.100.1", ttl: "1" },
      { address: "198.51.100.1", scope: "service" },
      { address: "198.51.100.1", scope: "all" },
      { address: "198.51.100.1", force: "yes" },
      [],
    ])
      expect([body, (await act("POST", "/api/bans", body)).status]).toEqual([body, 400]);
    expect(
      (await act("POST", "/api/bans", { address: "198.51.100.1", reason: "x".repeat(20_000) })).status,
    ).toBe(413);
    expect((await act("POST", "/api/bans", { address: "0.0.0.0/0" })).status).toBe(409);
    expect((await act("POST", "/api/mode", { mode: "off" })).status).toBe(400);
    expect((await act("POST", "/api/mode", {})).status).toBe(400);
    const put = await act("PUT", "/api/bans", {});
    expect([put.status, put.headers.allow]).toEqual([405, "GET, POST"]);
  });
});
