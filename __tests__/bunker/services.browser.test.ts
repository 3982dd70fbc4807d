import type { Browser } from "playwright-core";
import { launchBrowser } from "../browser/browser.js";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryStore, bunker } from "../../src/index.js";
import { loadSettings } from "../../src/settings/index.js";
import { ask } from "../support/ask.js";
import { EXPRESS, serve, type Served } from "../support/hosts.js";

const COMPOSE = `services:
  bunkerweb:
    image: bunkerity/bunkerweb
  bw-scheduler:
    image: bunkerity/bunkerweb-scheduler
    environment:
      MULTISITE: "yes"
      SERVER_NAME: "cookie.example.test captcha.example.test off.example.test"
      SESSIONS_SECRET: "a secret for tests, long enough"
      SESSIONS_NAME: "random"
      USE_BUNKERNET: "no"
      USE_REVERSE_PROXY: "yes"
      BAD_BEHAVIOR_THRESHOLD: "3"
      cookie.example.test_USE_ANTIBOT: "cookie"
      cookie.example.test_SERVER_NAME: "cookie.example.test www.cookie.example.test"
      captcha.example.test_USE_ANTIBOT: "captcha"
      captcha.example.test_ANTIBOT_URI: "/prove"
      off.example.test_USE_ANTIBOT: "no"
`;

let folder: string;
let browser: Browser;
let served: Served;
let close: () => Promise<void>;
const warnings: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bunker-compose-"));
  const path = join(folder, "compose.yml");
  writeFileSync(path, COMPOSE);
  const store = new MemoryStore();
  const options = loadSettings(path, { logger: { warn: (line) => warnings.push(line) } });
  const guard = bunker({ ...options, store, logger: false });
  served = await serve(
    EXPRESS.app([guard], (req, res) => {
      res.statusCode = req.url?.startsWith("/missing") === true ? 404 : 200;
      res.setHeader("Content-Type", "text/html");
      res.end(`<!doctype html><title>site</title><p id="site">${req.headers.host ?? ""}`);
    }),
  );
  close = async () => {
    await served.close();
    await guard.close();
    store.close();
  };
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser.close();
  await close();
  rmSync(folder, { recursive: true, force: true });
});

const at = (host: string, path = "/"): string => `http://${host}.example.test:${served.port}${path}`;

describe("a BunkerWeb compose environment with three services in one Express app", () => {
  test("other plugins' settings earn one warning", () => {
    expect(warnings).toEqual([expect.stringContaining("USE_REVERSE_PROXY")]);
  });

  test("a browser passes the cookie service, meets the captcha of the next, and nothing at the third", async () => {
    const page = await browser.newPage();
    try {
      await page.goto(at("www.cookie", "/page"));
      await page.locator("#site").waitFor();
      expect(page.url()).toBe(at("www.cookie", "/page"));
      await page.goto(at("captcha", "/page"));
      await page.locator("input[name=captcha]").waitFor();
      expect(new URL(page.url()).pathname).toBe("/prove");
      await page.goto(at("off", "/page"));
      await page.locator("#site").waitFor();
      expect(page.url()).toBe(at("off", "/page"));
    } finally {
      await page.close();
    }
  });

  test("a client like curl is sent to each service's own challenge, and banned where it misbehaves", async () => {
    const curl = (host: string, path = "/"): ReturnType<typeof ask> =>
      ask(served.url, path, {
        from: "9.9.9.9",
        headers: { Host: `${host}.example.test:${served.port}`, "User-Agent": "curl/8.5.0", Accept: "*/*" },
      });
    for (const host of ["cookie", "www.cookie", "captcha"]) expect((await curl(host)).status).toBe(403);
    expect((await curl("cookie")).text).toContain("/challenge");
    expect((await curl("captcha")).text).toContain("/prove");
    for (let i = 0; i < 3; i++) expect((await curl("off", "/missing")).status).toBe(404);
    expect((await curl("off")).status).toBe(403);
    expect((await curl("off", "/missing")).text).not.toContain("/challenge");
    expect((await curl("evil")).status).toBe(403);
    const other = await ask(served.url, "/", { from: "9.9.9.8", headers: { Host: "off.example.test" } });
    expect(other.status).toBe(200);
  });
});
