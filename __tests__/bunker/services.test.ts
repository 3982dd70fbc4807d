import { domainToASCII } from "node:url";
import { MemoryStore, bunker, type BunkerOptions } from "../../src/index.js";
import { loadSettings } from "../../src/settings/index.js";
import { ask, browse, Jar, NAVIGATION, type Got } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { EXPRESS, plainSite, serve, type Served } from "../support/hosts.js";

const secret = "a secret for tests, long enough";
const FROM = "9.9.9.9";

interface Running {
  readonly guard: ReturnType<typeof bunker>;
  readonly served: Served;
  readonly get: (host: string, path?: string, from?: string) => Promise<Got>;
}

const open: (() => Promise<void>)[] = [];

async function run(options: BunkerOptions): Promise<Running> {
  const store = new MemoryStore();
  const guard = bunker({ bunkernet: false, logger: false, store, ...options });
  const served = await serve(EXPRESS.app([guard], plainSite));
  open.push(async () => {
    await served.close();
    await guard.close();
    store.close();
  });
  return {
    guard,
    served,
    get: (host, path = "/", from = FROM) =>
      ask(served.url, path, { from, headers: { ...NAVIGATION, Host: host } }),
  };
}

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

const three = {
  sessions: { secret },
  services: {
    "cookie.example.com": { aliases: ["www.cookie.example.com"], antibot: { challenge: "cookie" } },
    "captcha.example.com": { antibot: { challenge: "captcha", uri: "/prove" } },
    "off.example.com": { badBehavior: false },
  },
} satisfies BunkerOptions;

describe("services with options of their own", () => {
  test("each has its own gate, or none", async () => {
    const { get } = await run(three);
    expect((await get("cookie.example.com")).headers.location).toMatch(/^\/challenge/);
    expect((await get("captcha.example.com")).headers.location).toMatch(/^\/prove/);
    expect((await get("off.example.com")).status).toBe(200);
    expect((await get("captcha.example.com", "/challenge")).headers.location).toMatch(/^\/prove/);
  });

  test("R16 R17 a pass of one service is none at another, under its own name or the other's", async () => {
    const { served, get } = await run({
      sessions: { secret },
      antibot: { challenge: "cookie" },
      services: {
        "a.example.com": { antibot: { timeValid: 600 } },
        "b.example.com": { antibot: { timeValid: 601 } },
      },
    });
    const jar = new Jar();
    const steps = await browse(served.url, "/page", { from: FROM, jar, headers: { Host: "a.example.com" } });
    expect(steps.at(-1)?.text).toBe("site: /page");
    const at = (host: string, cookie: Record<string, string>): Promise<Got> =>
      ask(served.url, "/page", { from: FROM, headers: { ...NAVIGATION, Host: host, ...cookie } });
    expect((await at("a.example.com", jar.header)).status).toBe(200);
    expect((await at("b.example.com", jar.header)).status).toBe(302);
    // Under the name that b would give it, the value is still a's.
    const other = new Jar();
    await browse(served.url, "/page", { from: FROM, jar: other, headers: { Host: "b.example.com" } });
    const pass = jar.names.find((name) => name.includes("_p")) as string;
    const named = other.names.find((name) => name.includes("_p")) as string;
    expect(named).not.toBe(pass);
    expect((await at("b.example.com", { Cookie: `${named}=${jar.get(pass) as string}` })).status).toBe(302);
    expect((await get("b.example.com")).status).toBe(302);
  });

  test("counters and bans are a service's own, whatever alias is asked for; global bans hold everywhere", async () => {
    const clock = new Clock();
    const { get, guard } = await run({
      now: clock.now,
      badBehavior: { threshold: 3 },
      services: {
        "a.example.com": { aliases: ["www.a.example.com"] },
        "b.example.com": { badBehavior: { threshold: 2 } },
        "c.example.com": { badBehavior: { threshold: 1, banScope: "global" } },
      },
    });
    for (const host of ["a.example.com", "WWW.A.example.com:8080", "www.a.example.com."])
      expect((await get(host, "/missing")).status).toBe(404);
    for (const host of ["a.example.com", "www.a.example.com", "A.EXAMPLE.COM.", "a.example.com:443"])
      expect((await get(host)).status).toBe(403);
    expect((await get("b.example.com")).status).toBe(200);
    expect((await get("b.example.com", "/missing")).status).toBe(404);
    expect((await get("b.example.com", "/missing")).status).toBe(404);
    expect((await get("b.example.com")).status).toBe(403);
    expect((await get("c.example.com", "/", "9.9.9.8")).status).toBe(200);
    expect((await get("c.example.com", "/missing", "9.9.9.8")).status).toBe(404);
    for (const host of ["a.example.com", "b.example.com", "c.example.com"])
      expect((await get(host, "/", "9.9.9.8")).status).toBe(403);
    const bans = (await guard.bans.list()).map(({ ip, scope, service }) => `${ip} ${scope} ${service}`);
    expect(bans.sort()).toEqual([
      "9.9.9.8 global c.example.com",
      "9.9.9.9 service a.example.com",
      "9.9.9.9 service b.example.com",
    ]);
  });

  test("a ban by the app lasts as long as the service's Bad Behavior bans, or a day where that is off", async () => {
    const guard = bunker({
      bunkernet: false,
      logger: false,
      store: new MemoryStore(),
      badBehavior: { banTime: 3600 },
      services: {
        "hour.example.com": {},
        "week.example.com": { badBehavior: { banTime: 604_800 } },
        "ever.example.com": { badBehavior: { banTime: 0 } },
        "off.example.com": { badBehavior: false },
      },
    });
    const served = await serve(
      EXPRESS.app([guard], (req, res) => {
        void Promise.resolve(req.bunker?.ban()).then(() => res.end());
      }),
    );
    open.push(() => served.close());
    open.push(() => guard.close());
    const seconds: (number | undefined)[] = [];
    for (const name of ["hour", "week", "ever", "off"]) {
      await ask(served.url, "/", { from: FROM, headers: { Host: `${name}.example.com` } });
      const ban = await guard.bans.get(FROM, `${name}.example.com`);
      seconds.push(
        ban?.expires ? Math.round((ban.expires.getTime() - ban.date.getTime()) / 1000) : undefined,
      );
    }
    expect(seconds).toEqual([3600, 604_800, undefined, 86_400]);
    expect(await guard.bans.get(FROM, "ever.example.com")).toMatchObject({ expires: null });
  });

  test("R6 a forged Host is no way around a ban, and an unknown one is denied", async () => {
    const { get, guard } = await run({ services: { "a.example.com": { badBehavior: { threshold: 5 } } } });
    await guard.bans.add(FROM, { reason: "manual", ttl: 60, scope: "service", service: "a.example.com" });
    for (const host of [
      "a.example.com",
      "a.example.com.",
      "A.Example.Com:1",
      "evil.example",
      "a.example.com.evil.example",
      "",
    ])
      expect((await get(host)).status).toBe(403);
    const other = await run({ services: ["x.example.com"] });
    const forwarded = await ask(other.served.url, "/", {
      from: FROM,
      headers: { Host: "evil.example", "X-Forwarded-Host": "x.example.com" },
    });
    expect(forwarded.status).toBe(403);
  });

  test("an international name is the same in both spellings", async () => {
    const { get } = await run({
      services: {
        "xn--bcher-kva.example": { mode: "detect" },
        "b.example": { aliases: ["bücher2.example"], antibot: { challenge: "cookie" } },
      },
      sessions: { secret },
    });
    expect((await get("xn--bcher-kva.example")).status).toBe(200);
    expect((await get(domainToASCII("bücher2.example"))).status).toBe(302);
  });

  test("mode and allow are a service's own", async () => {
    const { get } = await run({
      sessions: { secret },
      antibot: { challenge: "cookie" },
      services: {
        "block.example.com": { allow: "9.9.9.1" },
        "detect.example.com": { mode: "detect" },
        "same.example.com": {},
      },
    });
    expect((await get("block.example.com")).status).toBe(302);
    expect((await get("block.example.com", "/", "9.9.9.1")).status).toBe(200);
    expect((await get("same.example.com", "/", "9.9.9.1")).status).toBe(302);
    expect((await get("detect.example.com")).status).toBe(200);
  });

  test("what is not given is as it is for all, option by option", async () => {
    const { get } = await run({
      sessions: { secret },
      antibot: { challenge: "cookie", uri: "/gate", ignoreUri: "^/api/" },
      services: { "a.example.com": { antibot: { uri: "/own" } }, "b.example.com": {} },
    });
    expect((await get("a.example.com")).headers.location).toMatch(/^\/own/);
    expect((await get("b.example.com")).headers.location).toMatch(/^\/gate/);
    expect((await get("a.example.com", "/api/x")).status).toBe(200);
  });

  test("wrong options of a service are told with its name, and what is wrong for all only once", () => {
    const wrong = (): unknown =>
      bunker({
        badBehavior: { threshold: 0 },
        services: { "a.example.com": { badBehavior: { countTime: -1 }, antibots: false } as never },
        logger: false,
      });
    expect(wrong).toThrow(/services\.a\.example\.com\.badBehavior\.countTime/);
    expect(wrong).toThrow(/services\.a\.example\.com\.antibots.*did you mean "antibot"/);
    expect(wrong).not.toThrow(/services\.a\.example\.com\.badBehavior\.threshold/);
  });

  test("upgrades, explanations and require() go by the service, too", async () => {
    const { guard } = await run(three);
    const explained = (host: string): Promise<{ verdict: string }> =>
      guard.explain({ ip: FROM, headers: { host } });
    expect((await explained("cookie.example.com")).verdict).toBe("challenge");
    expect((await explained("off.example.com")).verdict).toBe("pass");
    expect(guard.antibot?.require("javascript")).toBeInstanceOf(Function);
  });

  test("R11 a service hook that throws opens no gate and no route that wants a pass", async () => {
    const store = new MemoryStore();
    const guard = bunker({
      store,
      logger: false,
      bunkernet: false,
      sessions: { secret },
      service: () => {
        throw new Error("no service today");
      },
      services: { "a.example.com": { antibot: { challenge: "cookie" } }, "b.example.com": {} },
    });
    const route = guard.antibot?.require("javascript");
    const served = await serve(EXPRESS.app([route as NonNullable<typeof route>], plainSite));
    open.push(async () => {
      await served.close();
      await guard.close();
      store.close();
    });
    expect((await ask(served.url, "/", { from: FROM, headers: NAVIGATION })).status).toBe(503);
  });

  test("a BunkerWeb environment with three services", async () => {
    const loaded = loadSettings(
      {
        MULTISITE: "yes",
        SERVER_NAME: "cookie.example.com captcha.example.com off.example.com",
        SESSIONS_SECRET: secret,
        USE_BUNKERNET: "no",
        USE_ANTIBOT: "cookie",
        BAD_BEHAVIOR_THRESHOLD: "2",
        "captcha.example.com_USE_ANTIBOT": "captcha",
        "captcha.example.com_ANTIBOT_URI": "/prove",
        "cookie.example.com_SERVER_NAME": "cookie.example.com www.cookie.example.com",
        "off.example.com_USE_ANTIBOT": "no",
        "off.example.com_BAD_BEHAVIOR_THRESHOLD": "3",
        "off.example.com_BAD_BEHAVIOR_BAN_SCOPE": "global",
      },
      { logger: false },
    );
    const { get } = await run(loaded);
    expect((await get("www.cookie.example.com")).headers.location).toMatch(/^\/challenge/);
    expect((await get("captcha.example.com")).headers.location).toMatch(/^\/prove/);
    for (let i = 0; i < 3; i++) expect((await get("off.example.com", "/missing")).status).toBe(404);
    expect((await get("off.example.com")).status).toBe(403);
    expect((await get("cookie.example.com")).status).toBe(403);
  });
});
