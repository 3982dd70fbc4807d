import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryStore, bunker, type BunkerOptions } from "../../src/index.js";
import { loadSettings } from "../../src/settings/index.js";
import { ask, browse, Jar, NAVIGATION, type Got } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { EXPRESS, plainSite, serve } from "../support/hosts.js";
import { mmdbOf } from "../support/mmdb.js";
import { BLOCKS } from "./fixtures.js";

let folder: string;
const open: (() => Promise<void>)[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bunker-settings-"));
});

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface App {
  readonly url: string;
  readonly clock: Clock;
  readonly get: (path: string, from?: string) => Promise<Got>;
}

/** An Express app behind a documented block of settings. */
async function appOf(name: string, more: BunkerOptions = {}): Promise<App> {
  const yaml = BLOCKS.find((block) => block.name === name)?.yaml as string;
  const path = join(folder, "block.yml");
  writeFileSync(path, `USE_BUNKERNET: "no"\n${yaml}`);
  const clock = new Clock();
  const store = new MemoryStore();
  const guard = bunker({ ...loadSettings(path), store, now: clock.now, logger: false, ...more });
  const served = await serve(EXPRESS.app([guard], plainSite));
  open.push(async () => {
    await served.close();
    await guard.close();
    store.close();
  });
  return {
    url: served.url,
    clock,
    get: (target, from = "9.9.9.9") => ask(served.url, target, { from, headers: NAVIGATION }),
  };
}

async function bad(app: App, path: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await app.get(path);
}

describe("the gate", () => {
  test.each(["cookie", "javascript", "captcha"])(
    "Antibot: %s sends visitors to /challenge, and nobody else in",
    async (kind) => {
      const { get } = await appOf(`Antibot: ${kind}`);
      const got = await get("/page");
      expect(got.status).toBe(302);
      expect(got.headers.location).toMatch(/^\/challenge/);
    },
  );

  test("Antibot: cookie lets in who returns the cookie, for ANTIBOT_TIME_VALID", async () => {
    const { url, clock } = await appOf("Antibot: cookie");
    const jar = new Jar();
    expect((await browse(url, "/page", { from: "9.9.9.9", jar })).at(-1)?.text).toBe("site: /page");
    const again = (): Promise<Got> =>
      ask(url, "/page", { from: "9.9.9.9", headers: { ...NAVIGATION, ...jar.header } });
    clock.advance(86_399);
    expect((await again()).status).toBe(200);
    clock.advance(2);
    expect((await again()).status).toBe(302);
  });

  test("Antibot: captcha shows a picture and a field", async () => {
    const { url } = await appOf("Antibot: captcha");
    const page = (await browse(url, "/page", { from: "9.9.9.9" })).at(-1);
    expect(page?.status).toBe(200);
    expect(page?.text).toMatch(/<input[^>]*name="captcha"/);
  });

  test.each([
    ["recaptcha", "google.com/recaptcha"],
    ["hcaptcha", "hcaptcha.com"],
    ["turnstile", "challenges.cloudflare.com"],
    ["mcaptcha", "demo.mcaptcha.org"],
  ])("Antibot: %s shows its widget with the site's key", async (kind, host) => {
    const { url } = await appOf(`Antibot: ${kind}`);
    const page = (await browse(url, "/page", { from: "9.9.9.9" })).at(-1);
    expect(page?.status).toBe(200);
    expect(page?.text).toContain("your-site-key");
    expect(page?.text).not.toContain("your-secret-key");
    expect(page?.headers["content-security-policy"]).toContain(host);
  });
});

describe("Bad Behavior", () => {
  test("default: the tenth 404 within a minute bans for a day, at this service", async () => {
    const app = await appOf("Bad Behavior: default");
    await bad(app, "/missing", 9);
    expect((await app.get("/")).status).toBe(200);
    await bad(app, "/missing", 1);
    expect((await app.get("/")).status).toBe(403);
    app.clock.advance(86_399);
    expect((await app.get("/")).status).toBe(403);
    app.clock.advance(2);
    expect((await app.get("/")).status).toBe(200);
  });

  test("strict: the fifth 500 within two minutes bans for seven days", async () => {
    const app = await appOf("Bad Behavior: strict");
    await bad(app, "/status/500", 4);
    app.clock.advance(119);
    await bad(app, "/status/503", 1);
    expect((await app.get("/")).status).toBe(403);
    app.clock.advance(604_799);
    expect((await app.get("/")).status).toBe(403);
    app.clock.advance(2);
    expect((await app.get("/")).status).toBe(200);
  });

  test("lenient: 404 does not count, twenty 401 in half a minute ban for an hour", async () => {
    const app = await appOf("Bad Behavior: lenient");
    await bad(app, "/missing", 40);
    await bad(app, "/status/401", 19);
    app.clock.advance(31);
    await bad(app, "/status/401", 19);
    expect((await app.get("/")).status).toBe(200);
    await bad(app, "/status/429", 1);
    expect((await app.get("/")).status).toBe(403);
    app.clock.advance(3601);
    expect((await app.get("/")).status).toBe(200);
  });

  test("permanent: a ban has no end", async () => {
    const app = await appOf("Bad Behavior: permanent");
    await bad(app, "/missing", 10);
    app.clock.advance(10 * 365 * 86_400);
    expect((await app.get("/")).status).toBe(403);
  });
});

describe("DNSBL", () => {
  test("a listing refuses and bans; who is ignored is not looked up", async () => {
    const asked: string[] = [];
    const none = Object.assign(new Error("not found"), { code: "ENOTFOUND" });
    const resolver = {
      resolve4: (name: string): Promise<string[]> => {
        asked.push(name);
        return /^9\.9\.9\.9\.|^2\.0\.0\.127\./.test(name)
          ? Promise.resolve(["127.0.0.2"])
          : Promise.reject(none);
      },
      resolve6: () => Promise.reject(none),
      resolveTxt: () => Promise.reject(none),
      reverse: () => Promise.reject(none),
    };
    const app = await appOf("DNSBL: minimal", { resolver });
    expect((await app.get("/", "9.9.9.8")).status).toBe(200);
    expect((await app.get("/", "9.9.9.9")).status).toBe(403);
    expect(asked).toContain("8.9.9.9.zen.spamhaus.org");
    expect(asked.every((name) => name.endsWith(".zen.spamhaus.org"))).toBe(true);
  });
});

test("ANTIBOT_IGNORE_ASN and ANTIBOT_ONLY_COUNTRY look up in the databases that ANTIBOT_GEO_… name", async () => {
  const [asn, country] = [join(folder, "asn.mmdb"), join(folder, "country.mmdb")];
  writeFileSync(asn, mmdbOf([["45.83.0.0/16", { autonomous_system_number: 64_500 }]]));
  writeFileSync(country, mmdbOf([["45.84.0.0/16", { country: { iso_code: "FR" } }]]));
  const settings = {
    ...{ USE_ANTIBOT: "cookie", USE_BUNKERNET: "no", ANTIBOT_IGNORE_ASN: "AS64500" },
    ...{ ANTIBOT_GEO_ASN: asn, ANTIBOT_GEO_COUNTRY: country, ANTIBOT_IGNORE_COUNTRY: "FR" },
  };
  const guard = bunker({ ...loadSettings(settings), store: new MemoryStore(), logger: false });
  const served = await serve(EXPRESS.app([guard], plainSite));
  open.push(async () => {
    await served.close();
    await guard.close();
  });
  const status = async (from: string): Promise<number> =>
    (await ask(served.url, "/", { from, headers: NAVIGATION })).status;
  expect([await status("45.83.1.1"), await status("45.84.1.1"), await status("45.85.1.1")]).toEqual([
    200, 200, 302,
  ]);
});
