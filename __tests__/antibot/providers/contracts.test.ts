import { Clock } from "../../support/clock.js";
import { gatedSite, Visitor, VISITOR, type Site } from "./site.js";
import { HcaptchaServer } from "./vendors/hcaptcha.js";
import { McaptchaServer } from "./vendors/mcaptcha.js";
import { RecaptchaServer } from "./vendors/recaptcha.js";
import { TurnstileServer } from "./vendors/turnstile.js";
import type { VendorServer } from "./vendors/vendor-server.js";

const clock = new Clock();
let vendor: VendorServer;
let site: Site;

afterEach(async () => {
  await site.close();
  await vendor.close();
});

/** Meets the challenge and answers it with a token that was earned as `about` says. */
async function answer(
  about: Parameters<VendorServer["mint"]>[0] = {},
  visitor = new Visitor(site),
): Promise<number> {
  await visitor.meet();
  const { action, cData } = visitor.config.parameters ?? {};
  const token = vendor.mint({
    ...(action === undefined ? {} : { action }),
    ...(cData === undefined ? {} : { cdata: cData }),
    ...about,
  });
  return (await visitor.post({ token })).status;
}

const warnings = (): string[] => site.log.filter((line) => line.includes("WRN_BUNKER_PROVIDER"));

describe("reCAPTCHA", () => {
  let google: RecaptchaServer;
  beforeEach(async () => {
    vendor = google = await new RecaptchaServer(clock.now).listen();
  });

  test("the score, the action and the host must be right", async () => {
    site = await gatedSite(google.options(), clock);
    expect(await answer()).toBe(303);
    expect(await answer({ action: "other" })).toBe(403);
    expect(await answer({ hostname: "evil.test" })).toBe(403);
    google.score = 0.7;
    expect(await answer()).toBe(303);
    google.score = 0.69;
    expect(await answer()).toBe(403);
    google.score = "0.9" as never;
    expect(await answer()).toBe(403);
    expect(warnings().join()).toMatch(/evil\.test.*antibot\.recaptcha\.hostnames/);
  });

  test("a v2 key's answer never passes where v3 is configured, and the log says why", async () => {
    google.score = undefined;
    site = await gatedSite(google.options(), clock);
    expect(await answer()).toBe(503);
    expect(warnings().join()).toMatch(/recaptcha\.version to "v2"/);
    await site.close();
    site = await gatedSite(
      { ...google.options(), recaptcha: { ...google.options().recaptcha, version: "v2" } },
      clock,
    );
    expect(await answer()).toBe(303);
  });

  test("a low score leads to the checkbox, whose token is checked with its own secret", async () => {
    google.score = 0.1;
    const { recaptcha } = google.options();
    const { checkboxSiteKey, checkboxSecret } = google;
    site = await gatedSite(
      { ...google.options(), recaptcha: { ...recaptcha, checkboxSiteKey, checkboxSecret } },
      clock,
    );
    const visitor = new Visitor(site);
    await visitor.meet();
    visitor.page = await visitor.post({ token: google.mint({ action: "CAPTCHA" }) });
    expect([visitor.page.status, visitor.config.mode]).toEqual([403, "render"]);
    expect(visitor.config.parameters).toEqual({ sitekey: checkboxSiteKey });
    // A score token is no answer to the checkbox.
    const other = await visitor.post({ token: google.mint({ action: "CAPTCHA" }) });
    expect(other.status).toBe(403);
    const second = new Visitor(site);
    await second.meet();
    second.page = await second.post({ token: google.mint({ action: "CAPTCHA" }) });
    expect((await second.post({ token: google.mint({ siteKey: checkboxSiteKey }) })).status).toBe(303);
    expect(await second.status()).toBe(200);
  });

  test("Enterprise: fingerprints and the User-Agent go along, API errors are ours, not the visitor's", async () => {
    google.classic = false;
    const { recaptcha } = google.options();
    site = await gatedSite(
      {
        ...google.options(),
        recaptcha: { ...recaptcha, ja3: "0123456789abcdef0123456789abcdef", ja4: "X-JA4" },
      },
      clock,
    );
    expect(await answer()).toBe(303);
    const { path, query, fields } = google.checks[0]!;
    expect([path, query.get("key")]).toEqual(["/v1/projects/project-1/assessments", "api-key-1"]);
    expect(fields["event"]).toMatchObject({
      siteKey: google.siteKey,
      expectedAction: "CAPTCHA",
      userIpAddress: VISITOR,
      ja3: "0123456789abcdef0123456789abcdef",
    });
    google.score = 0.3;
    expect(await answer()).toBe(403);
    google.score = undefined;
    expect(await answer()).toBe(403);
    await site.close();
    site = await gatedSite({ ...google.options(), recaptcha: { ...recaptcha, apiKey: "wrong" } }, clock);
    expect(await answer()).toBe(503);
    expect(warnings().join()).toMatch(/with your keys/);
  });
});

describe("hCaptcha", () => {
  let server: HcaptchaServer;
  beforeEach(async () => {
    vendor = server = await new HcaptchaServer(clock.now).listen();
    site = await gatedSite(vendor.options(), clock);
  });

  test("a token of another site's widget is refused; a hostname that is not told is not asked for", async () => {
    expect(await answer({ siteKey: "site-of-somebody" })).toBe(403);
    expect(await answer({ hostname: "not-provided" })).toBe(303);
    expect(await answer({ hostname: "evil.test" })).toBe(403);
  });

  test("a wrong secret of ours is told to the operator and is nobody's failure", async () => {
    await site.close();
    const { hcaptcha } = server.options();
    site = await gatedSite({ ...vendor.options(), hcaptcha: { ...hcaptcha, secret: "wrong" } }, clock);
    expect(await answer()).toBe(503);
    expect(warnings().join()).toMatch(/invalid-input-secret/);
    expect(site.log.join()).not.toContain(vendor.secret);
    expect(site.events.map(([type]) => type)).not.toContain("failed");
  });
});

describe("Turnstile", () => {
  let cloudflare: TurnstileServer;
  beforeEach(async () => {
    vendor = cloudflare = await new TurnstileServer(clock.now).listen();
    site = await gatedSite(vendor.options(), clock);
  });

  test("the action, the challenge that the token was earned for, and the host must be right", async () => {
    expect(await answer()).toBe(303);
    expect(await answer({ action: "login" })).toBe(403);
    expect(await answer({ cdata: "0".repeat(32) })).toBe(403);
    expect(await answer({ hostname: "evil.test" })).toBe(403);
  });

  test("a token earned on one challenge does not answer another one", async () => {
    const first = new Visitor(site);
    const { parameters } = await first.meet();
    const token = cloudflare.mint({ action: "bunker", cdata: parameters!["cData"]! });
    const second = new Visitor(site, "8.8.4.4");
    await second.meet();
    expect((await second.post({ token })).status).toBe(403);
  });

  test("a lost answer is asked for again with the same idempotency key, once", async () => {
    cloudflare.losing = 1;
    expect(await answer()).toBe(303);
    const keys = cloudflare.checks.map(({ fields }) => fields["idempotency_key"]);
    expect([keys.length, new Set(keys).size]).toEqual([2, 1]);
    cloudflare.losing = 2;
    expect(await answer()).toBe(503);
    expect(cloudflare.checks).toHaveLength(4);
  });

  test("hosts: the configured services, or hostnames of one's own", async () => {
    await site.close();
    const { turnstile } = cloudflare.options();
    site = await gatedSite(
      { ...cloudflare.options(), turnstile: { ...turnstile, hostnames: "shop.test www.shop.test" } },
      clock,
    );
    expect(await answer({ hostname: "www.shop.test" })).toBe(303);
    expect(await answer()).toBe(403);
    await site.close();
    site = await gatedSite(
      { ...cloudflare.options(), services: { "127.0.0.1": { aliases: ["alias.test"] } } },
      clock,
    );
    expect(await answer({ hostname: "ALIAS.test" })).toBe(303);
    expect(await answer({ hostname: "other.test" })).toBe(403);
  });
});

test("mCaptcha: a wrong secret (401) is ours, an unknown token the visitor's", async () => {
  const server = await new McaptchaServer(clock.now).listen();
  vendor = server;
  site = await gatedSite(
    { ...server.options(), mcaptcha: { ...server.options().mcaptcha, secret: "wrong" } },
    clock,
  );
  const visitor = new Visitor(site);
  await visitor.meet();
  expect((await visitor.post({ mcaptcha__token: server.mint() })).status).toBe(503);
  expect(warnings().join()).toMatch(/mCaptcha/);
});
