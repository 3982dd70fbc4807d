import axe from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { KeyRing } from "../../../src/antibot/keys.js";
import { openChallenge } from "../../../src/antibot/challenge-issuer.js";
import { antibot, MemoryStore } from "../../../src/index.js";
import { launchBrowser } from "../../browser/browser.js";
import { EXPRESS, plainSite, serve, type Served } from "../../support/hosts.js";

const SECRET = "a secret of enough characters";
let browser: Browser;
let served: Served;

beforeAll(async () => {
  browser = await launchBrowser();
  const gate = antibot({
    store: new MemoryStore(),
    challenge: "captcha",
    sessions: { secret: SECRET },
    logger: false,
    difficulty: 16,
    adaptive: false,
    captcha: { limit: 1000 },
  });
  served = await serve(EXPRESS.app([gate], plainSite));
});

afterAll(async () => {
  await browser.close();
  await served.close();
});

async function withPage(
  options: Parameters<Browser["newContext"]>[0],
  work: (page: Page, context: BrowserContext) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options);
  try {
    const page = await context.newPage();
    await page.goto(`${served.url}/shop?item=7`);
    await work(page, context);
  } finally {
    await context.close();
  }
}

async function answerIn(page: Page): Promise<string> {
  const token = await page.locator('input[name="state"]').getAttribute("value");
  const state = openChallenge(token ?? "", new KeyRing([SECRET]), "default")?.state as Record<string, string>;
  return state["image"] ?? state["sound"] ?? "";
}

/** What axe finds, and how far the page is wider than the window. */
async function faults(page: Page): Promise<unknown[]> {
  // Pages run no script of others: axe goes in by the debugger.
  const found = await page.evaluate<string[]>(
    `(async () => { ${axe.source}; return (await axe.run()).violations.map(({ id, nodes }) => id + " " + nodes[0].html); })()`,
  );
  const wide = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
  return wide > 0 ? [...found, wide] : found;
}

describe.each(["light", "dark"] as const)("%s", (colorScheme) => {
  test.each([320, 1280])("R34 picture and sound are clean for axe at %i px", async (width) => {
    await withPage({ colorScheme, viewport: { width, height: 800 } }, async (page) => {
      expect(await faults(page)).toEqual([]);
      expect(
        await page
          .locator("img.captcha")
          .evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth),
      ).toBeGreaterThan(300);
      await page.screenshot({ path: `.tmp/screenshots/captcha-image-${colorScheme}-${width}.png` });
      await page.locator('button[value="audio"]').click();
      await page.locator("audio").waitFor();
      expect(await faults(page)).toEqual([]);
      expect(
        await page.evaluate<number>(
          "new Promise((done) => { const sound = document.querySelector('audio'); sound.readyState > 0 ? done(sound.duration) : (sound.onloadedmetadata = () => done(sound.duration)); })",
        ),
      ).toBeGreaterThan(4);
      await page.screenshot({ path: `.tmp/screenshots/captcha-audio-${colorScheme}-${width}.png` });
    });
  });
});

test("R35 without JavaScript, by keyboard alone: a wrong answer, a new picture, in", async () => {
  await withPage({ javaScriptEnabled: false }, async (page) => {
    await page.keyboard.press("Tab");
    await page.keyboard.type("wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    await page.locator('button[value="image"]').press("Enter");
    await page.getByRole("alert").waitFor({ state: "detached" });
    await page.keyboard.press("Tab");
    await page.keyboard.type(await answerIn(page));
    await page.keyboard.press("Enter");
    await page.waitForURL(`${served.url}/shop?item=7`);
    expect(await page.locator("body").innerText()).toBe("site: /shop?item=7");
  });
});

test("digits that were heard let in", async () => {
  await withPage({}, async (page) => {
    await page.locator('button[value="audio"]').click();
    await page.locator("audio").waitFor();
    await page.locator('input[name="captcha"]').fill(await answerIn(page));
    await page.keyboard.press("Enter");
    await page.waitForURL(`${served.url}/shop?item=7`);
  });
});

test("who can neither see nor hear lets the browser work", async () => {
  await withPage({}, async (page) => {
    await page.locator('button[value="audio"]').click();
    await page.locator('button[value="javascript"]').click();
    await page.waitForURL(`${served.url}/shop?item=7`);
    expect(await page.locator("body").innerText()).toBe("site: /shop?item=7");
  });
});
