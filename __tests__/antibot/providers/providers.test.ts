import type { AntibotOptions } from "../../../src/index.js";
import { Clock } from "../../support/clock.js";
import { ask, NAVIGATION } from "../../support/ask.js";
import { solve } from "../../support/work.js";
import { gatedSite, Visitor, VISITOR, type Site } from "./site.js";
import { CapServer } from "./vendors/cap.js";
import { HcaptchaServer } from "./vendors/hcaptcha.js";
import { McaptchaServer } from "./vendors/mcaptcha.js";
import { RecaptchaServer } from "./vendors/recaptcha.js";
import { TurnstileServer } from "./vendors/turnstile.js";
import { FORM, type VendorServer } from "./vendors/vendor-server.js";

const clock = new Clock();
let vendor: VendorServer;
let site: Site;

afterEach(async () => {
  await site.close();
  await vendor.close();
});

const MAKERS: Record<string, () => VendorServer> = {
  "reCAPTCHA v3": () => new RecaptchaServer(clock.now),
  "reCAPTCHA Enterprise": () => Object.assign(new RecaptchaServer(clock.now), { classic: false }),
  hCaptcha: () => new HcaptchaServer(clock.now),
  Turnstile: () => new TurnstileServer(clock.now),
  mCaptcha: () => new McaptchaServer(clock.now),
  Cap: () => new CapServer(clock.now),
};

/** Options for the gate in front of the vendor, with a deadline that tests can wait for. */
function withTimeout(server: VendorServer, timeout: number): Partial<AntibotOptions> {
  const options = server.options();
  return { ...options, [server.kind]: { ...options[server.kind], timeout } };
}

async function start(
  server: VendorServer,
  options: (server: VendorServer) => Partial<AntibotOptions> = () => ({}),
): Promise<Site> {
  vendor = await server.listen();
  return (site = await gatedSite({ ...vendor.options(), ...options(vendor) }, clock));
}

const field = (): string => (vendor.kind === "mcaptcha" ? "mcaptcha__token" : "token");

/** A token as the page that `visitor` sees would earn it. */
function earn(visitor: Visitor, about: Parameters<VendorServer["mint"]>[0] = {}): string {
  const { action, cData } = visitor.config.parameters ?? {};
  return vendor.mint({
    ...(action === undefined ? {} : { action }),
    ...(cData === undefined ? {} : { cdata: cData }),
    ...about,
  });
}

describe.each(Object.keys(MAKERS))("%s", (name) => {
  const make = MAKERS[name]!;

  test("a good token opens the site, query kept", async () => {
    const visitor = new Visitor(await start(make()));
    await visitor.meet();
    const got = await visitor.post({ [field()]: earn(visitor) });
    expect([got.status, got.headers.location]).toEqual([303, "/deep?x=1"]);
    expect(await visitor.status()).toBe(200);
    expect(vendor.checks).toHaveLength(1);
  });

  test("R14 bad tokens: missing, empty, too long, with white space, repeated, an array: never asked about, 4xx", async () => {
    await start(make());
    for (const token of [undefined, "", "x".repeat(20_000), "a b", "a\nb", "ü"]) {
      const visitor = new Visitor(site);
      await visitor.meet();
      const got = await visitor.post(token === undefined ? {} : { [field()]: token });
      expect([token?.slice(0, 5), got.status]).toEqual([
        token?.slice(0, 5),
        token && token.length > 9000 ? 413 : 403,
      ]);
      expect(await visitor.status()).toBe(403);
    }
    const visitor = new Visitor(site);
    const { state } = await visitor.meet();
    const name = field();
    const bodies = [
      [FORM, `state=${encodeURIComponent(state)}&${name}=a&${name}=b`],
      ["application/json", JSON.stringify({ state, [name]: ["a", "b"] })],
      ["application/json", JSON.stringify({ state, [name]: { length: 1 } })],
    ] as const;
    for (const [type, body] of bodies) expect((await visitor.send(type, body)).status).toBe(400);
    expect(vendor.checks).toEqual([]);
  });

  test("R14 a used, an old and a made-up token are refused; each answer is checked once", async () => {
    await start(make());
    const used = new Visitor(site);
    await used.meet();
    const token = earn(used);
    await used.post({ [field()]: token });
    const again = new Visitor(site, "8.8.4.4");
    await again.meet();
    expect((await again.post({ [field()]: token })).status).toBe(403);
    const late = new Visitor(site, "8.8.4.5");
    await late.meet();
    const old = earn(late);
    const made = new Visitor(site, "8.8.4.6");
    await made.meet();
    expect((await made.post({ [field()]: `${vendor.kind}.made-up` })).status).toBe(403);
    clock.advance(vendor.lifetime + 1);
    await late.meet();
    expect((await late.post({ [field()]: old })).status).toBe(403);
    expect(vendor.checks).toHaveLength(4);
    for (const visitor of [again, late, made]) expect(await visitor.status()).toBe(403);
  });

  test("R14 fifty concurrent answers to one challenge cost one call", async () => {
    const visitor = new Visitor(await start(make()));
    await visitor.meet();
    const token = earn(visitor);
    const got = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        visitor.post({ [field()]: index === 0 ? token : `${vendor.kind}.guess${index}` }),
      ),
    );
    expect(vendor.checks).toHaveLength(1);
    expect(got.filter(({ status }) => status === 303).length).toBeLessThanOrEqual(1);
  });

  test("an answer that is HTML, a redirect, an array, too long, or 5xx lets nobody in: 503", async () => {
    await start(make());
    const good = JSON.stringify({ success: true, valid: true, hostname: "127.0.0.1" });
    const troubles = [
      { status: 200, body: "<html>success: true</html>" },
      { status: 302, headers: { location: `${vendor.url}/elsewhere` }, body: good },
      { status: 200, body: `[${good}]` },
      { status: 200, body: `{"pad":"${"x".repeat(70_000)}",${good.slice(1)}` },
      { status: 500, body: good },
      { status: 503, body: "" },
    ];
    for (const [index, trouble] of troubles.entries()) {
      vendor.trouble = trouble;
      const visitor = new Visitor(site);
      await visitor.meet();
      expect([index, (await visitor.post({ [field()]: earn(visitor) })).status]).toEqual([index, 503]);
      expect(await visitor.status()).toBe(403);
    }
    expect(vendor.visits).not.toContain("/elsewhere");
    expect(site.events.filter(([type]) => type === "failed")).toEqual([]);
  });

  test("no answer in time: 503, and the visitor can try again", async () => {
    await start(make(), (server) => withTimeout(server, 0.05));
    vendor.trouble = "hang";
    const visitor = new Visitor(site);
    await visitor.meet();
    expect((await visitor.post({ [field()]: earn(visitor) })).status).toBe(503);
    vendor.trouble = undefined;
    await visitor.meet();
    expect((await visitor.post({ [field()]: earn(visitor) })).status).toBe(303);
  });

  test.each([
    ["allow", 303],
    ["deny", 403],
  ] as const)(
    'onProviderError "%s" decides what becomes of answers that could not be checked',
    async (policy, status) => {
      await start(make(), () => ({ onProviderError: policy }));
      vendor.trouble = { status: 502, body: "" };
      const visitor = new Visitor(site);
      await visitor.meet();
      expect((await visitor.post({ [field()]: earn(visitor) })).status).toBe(status);
      expect(site.events.filter(([, { reason }]) => reason === "provider")).toHaveLength(1);
    },
  );

  test("R21 outages in many networks bring the proof of work, and one answer brings the provider back", async () => {
    await start(make(), (server) => ({ ...withTimeout(server, 0.2), adaptive: false }));
    const ordinary = await new Visitor(site).meet();
    expect(ordinary.mode).toBeDefined();
    vendor.trouble = { status: 500, body: "" };
    const fail = async (from: string): Promise<void> => {
      const visitor = new Visitor(site, from);
      await visitor.meet();
      await visitor.post({ [field()]: earn(visitor) });
    };
    // One network alone, however many of its addresses fail, opens nothing; nor does what is no outage.
    for (let host = 1; host <= 12; host++) await fail(`8.8.8.${host}`);
    vendor.trouble = { status: 200, body: "<html>" };
    for (let network = 1; network <= 8; network++) await fail(`9.9.${network}.1`);
    expect((await new Visitor(site).meet()).mode).toBeDefined();
    vendor.trouble = { status: 500, body: "" };
    for (let network = 1; network <= 5; network++) await fail(`9.8.${network}.1`);
    const visitor = new Visitor(site);
    const work = await visitor.meet();
    // Two bits more than the gate's own proof of work.
    expect([work.mode, Math.round(Math.log2((work.count * 2 ** 32) / work.target))]).toEqual([undefined, 18]);
    expect((await visitor.post({ [field()]: "anything" }, work.state)).status).toBe(403);
    await visitor.meet();
    const asked = vendor.checks.length;
    expect((await visitor.post({ challenge: solve(visitor.config) })).status).toBe(303);
    expect(vendor.checks).toHaveLength(asked);

    vendor.trouble = undefined;
    clock.advance(11);
    await new Visitor(site, "8.8.7.7").meet();
    while (!site.log.some((line) => line.includes("responds again")))
      await new Promise((resolve) => setImmediate(resolve));
    expect((await new Visitor(site, "8.8.7.8").meet()).mode).toBeDefined();
  });

  test("R33 one client's calls are bounded: what is over the bound is refused, not called", async () => {
    await start(make(), (server) => ({ ...withTimeout(server, 1.5), onProviderError: "allow" }));
    vendor.trouble = "hang";
    const visitors = Array.from({ length: 8 }, () => new Visitor(site));
    for (const visitor of visitors) await visitor.meet();
    const got = await Promise.all(visitors.map((visitor) => visitor.post({ [field()]: earn(visitor) })));
    // Even where errors let in, a flood of one's own making does not.
    expect(got.map(({ status }) => status).sort()).toEqual([303, 303, 303, 303, 503, 503, 503, 503]);
  });

  test("R37 the log says who will learn visitors' addresses", async () => {
    await start(make());
    expect(site.log).toHaveLength(1);
    expect(site.log[0]).toMatch(/will learn their addresses/);
    expect(site.log[0]).toContain(new URL(vendor.url).host);
  });
});

test("R15 a wrong token counts as a failure; one that could not be checked does not", async () => {
  await start(new HcaptchaServer(clock.now));
  const visitor = new Visitor(site);
  await visitor.meet();
  await visitor.post({ token: "hcaptcha.wrong" });
  vendor.trouble = { status: 500, body: "" };
  await visitor.meet();
  await visitor.post({ token: earn(visitor) });
  expect(site.events.filter(([type]) => type === "failed").map(([, { ip }]) => ip)).toEqual([VISITOR]);
});

test("R21 a pass for the proof of work that replaces a provider is marked as such, and still opens the gate", async () => {
  await start(new TurnstileServer(clock.now), () => ({
    onProviderError: "javascript",
    adaptive: false,
  }));
  vendor.trouble = { status: 500, body: "" };
  for (let network = 1; network <= 8; network++) {
    const other = new Visitor(site, `9.7.${network}.1`);
    await other.meet();
    await other.post({ token: earn(other) });
  }
  const visitor = new Visitor(site);
  await visitor.meet();
  expect((await visitor.post({ challenge: solve(visitor.config) })).status).toBe(303);
  expect(await visitor.status()).toBe(200);
  expect(site.passes).toEqual([["turnstile-outage"]]);
  expect(site.events.filter(([type]) => type === "solved").map(([, { data }]) => data)).toEqual([
    { kind: "turnstile", seconds: 0 },
  ]);
  // The page of the challenge finds nothing left to solve.
  const again = await ask(site.url, "/challenge", {
    from: VISITOR,
    headers: { ...NAVIGATION, ...visitor.jar.header },
  });
  expect([again.status, again.headers.location]).toEqual([302, "/"]);
});

test("R37 where a hook picks the challenge, the log names every provider that has keys", async () => {
  await start(new TurnstileServer(clock.now), () => ({ challenge: () => "cookie" }));
  expect(site.log.join()).toMatch(/Turnstile.*will learn their addresses/);
});

test("exactly what each contract wants is sent", async () => {
  const sent: Record<string, unknown> = {};
  for (const [name, make] of Object.entries(MAKERS)) {
    const visitor = new Visitor(await start(make()));
    await visitor.meet();
    await visitor.post({ [field()]: earn(visitor) });
    const { type, fields } = vendor.checks[0]!;
    const names = Object.keys("event" in fields ? fields["event"] : fields).sort();
    sent[name] = [type, names.join(" ")];
    await site.close();
    await vendor.close();
  }
  expect(sent).toEqual({
    "reCAPTCHA v3": [FORM, "remoteip response secret"],
    "reCAPTCHA Enterprise": ["application/json", "expectedAction siteKey token userIpAddress"],
    hCaptcha: [FORM, "remoteip response secret sitekey"],
    Turnstile: [FORM, "idempotency_key remoteip response secret"],
    mCaptcha: ["application/json", "key secret token"],
    Cap: [FORM, "response secret"],
  });
});
