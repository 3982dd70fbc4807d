import { antibot, bunker, MemoryStore, type AntibotOptions } from "../../../src/index.js";
import { gatedSite, Visitor } from "./site.js";

const SECRET = { secret: "a secret of enough characters" };
const { NODE_ENV } = process.env;

afterEach(() => {
  process.env["NODE_ENV"] = NODE_ENV;
});

function make(options: Partial<AntibotOptions>): unknown {
  return antibot({
    challenge: "cookie",
    sessions: SECRET,
    logger: false,
    store: new MemoryStore(),
    ...options,
  });
}

test.each([
  ["recaptcha", "recaptcha.siteKey", "ANTIBOT_RECAPTCHA_SITEKEY", "https://www.google.com/recaptcha/admin"],
  ["recaptcha", "recaptcha.secret", "ANTIBOT_RECAPTCHA_SECRET", "https://www.google.com/recaptcha/admin"],
  ["hcaptcha", "hcaptcha.siteKey", "ANTIBOT_HCAPTCHA_SITEKEY", "https://dashboard.hcaptcha.com"],
  ["hcaptcha", "hcaptcha.secret", "ANTIBOT_HCAPTCHA_SECRET", "https://dashboard.hcaptcha.com"],
  ["turnstile", "turnstile.secret", "ANTIBOT_TURNSTILE_SECRET", "https://dash.cloudflare.com"],
  ["mcaptcha", "mcaptcha.secret", "ANTIBOT_MCAPTCHA_SECRET", "https://mcaptcha.org"],
  ["capjs", "capjs.frontendUrl", "ANTIBOT_CAPJS_FRONTEND_URL", "https://capjs.js.org"],
] as const)("%s without %s names the setting and the vendor's page", (challenge, path, setting, page) => {
  for (const start of [
    () => make({ challenge }),
    () => bunker({ logger: false, store: new MemoryStore(), antibot: { challenge: ["cookie", challenge] } }),
  ]) {
    expect(start).toThrow(path);
    expect(start).toThrow(setting);
    expect(start).toThrow(page);
  }
});

test("Enterprise needs a project and an API key, and no secret", () => {
  const start = (): unknown => make({ challenge: "recaptcha", recaptcha: { classic: false, siteKey: "k" } });
  expect(start).toThrow(/projectId[^]*ANTIBOT_RECAPTCHA_PROJECT_ID[^]*apiKey[^]*ANTIBOT_RECAPTCHA_API_KEY/);
  expect(start).not.toThrow(/recaptcha\.secret/);
});

test("a checkbox after a low score needs its keys", () => {
  const recaptcha = { siteKey: "k", secret: "s" };
  expect(() => make({ challenge: "recaptcha", recaptcha: { ...recaptcha, onLowScore: "checkbox" } })).toThrow(
    /checkboxSiteKey[^]*checkboxSecret/,
  );
  expect(make({ challenge: "recaptcha", recaptcha })).toBeInstanceOf(Function);
});

test.each([
  ["recaptcha", "6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe"],
  ["hcaptcha", "0x0000000000000000000000000000000000000000"],
  ["turnstile", "1x0000000000000000000000000000000AA"],
  ["turnstile", "2x0000000000000000000000000000000AA"],
  ["turnstile", "3x0000000000000000000000000000000AA"],
] as const)("%s: the test secret %s is refused in production only, and is not shown", (challenge, secret) => {
  const start = (): unknown => make({ challenge, [challenge]: { siteKey: "k", secret } });
  expect(start).not.toThrow();
  process.env["NODE_ENV"] = "production";
  expect(start).toThrow(new RegExp(`${challenge}\\.secret: got "\\(hidden\\)".*is for tests`));
  expect(start).not.toThrow(secret);
});

test.each([
  [{ turnstile: { verifyUrl: "http://vendor.test/siteverify" } }, "turnstile.verifyUrl"],
  [{ turnstile: { scriptUrl: "javascript:alert(1)" } }, "turnstile.scriptUrl"],
  [{ hcaptcha: { verifyUrl: "https://user:pass@vendor.test" } }, "hcaptcha.verifyUrl"],
  [{ capjs: { frontendUrl: "https://cap.test/path" } }, "capjs.frontendUrl"],
  [{ mcaptcha: { url: "ftp://m.test" } }, "mcaptcha.url"],
  [{ recaptcha: { score: 1.1 } }, "recaptcha.score"],
  [{ recaptcha: { sitekey: "k" } as object }, 'did you mean "siteKey"'],
  [{ onProviderError: "open" as never }, "onProviderError"],
  [{ hcaptcha: { siteKey: "a b" } }, "hcaptcha.siteKey"],
] as const)("wrong option %j is an error", (options, what) => {
  expect(() => make(options)).toThrow(what);
});

test("a route or a hook that asks for a provider without keys is refused, not let through", async () => {
  const gate = antibot({ challenge: "cookie", sessions: SECRET, logger: false, store: new MemoryStore() });
  expect(() => gate.require("hcaptcha")).toThrow(/ANTIBOT_HCAPTCHA_SITEKEY/);
  const site = await gatedSite({ challenge: () => "turnstile" });
  const visitor = new Visitor(site);
  await expect(visitor.meet()).rejects.toThrow();
  expect(visitor.page?.status).toBe(503);
  await site.close();
});

test("mCaptcha's demo instance in production is warned of", () => {
  process.env["NODE_ENV"] = "production";
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  antibot({
    challenge: "mcaptcha",
    mcaptcha: { siteKey: "k", secret: "s" },
    sessions: SECRET,
    store: new MemoryStore(),
    logger: { info: write, warn: write, error: write },
  });
  expect(lines.join("\n")).toMatch(/demo instance/);
});
