/// <reference lib="dom" />
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdirSync, readFileSync } from "node:fs";
import type { Browser, BrowserContext } from "playwright-core";
import { launchBrowser } from "../browser/browser.js";
import { until } from "../support/until.js";
import { BUNKERNET_LISTED, playAttack, SCANNER, startSurroundings, type Surroundings } from "./attack.js";
import { dashboardSite, MOUNT, PASSWORD } from "./site.js";

const SHOTS = ".tmp/screenshots";
const VISITORS = 500;

let browser: Browser;
let around: Surroundings;

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  [browser, around] = await Promise.all([launchBrowser(), startSurroundings()]);
});

afterAll(async () => {
  await browser.close();
  await around.close();
});

async function operatorsBrowser(): Promise<BrowserContext> {
  return browser.newContext({
    httpCredentials: { username: "admin", password: PASSWORD },
    viewport: { width: 1440, height: 1000 },
    colorScheme: "dark",
  });
}

// One tour: each step begins where the one before has led.
test("an attack is seen live, its figures are right, and mistakes are mended", async () => {
  const made = await dashboardSite(around.options);
  const { url, guard } = made;
  const problems: string[] = [];
  const context = await operatorsBrowser();
  const page = await context.newPage();
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  /** The number in a tile of the overview. */
  const tile = async (name: string): Promise<string | null> =>
    page.locator(`section[aria-label="${name}"] .tile-value`).getAttribute("title");
  const row = (address: string) => page.getByRole("row").filter({ hasText: address });
  await page.goto(`${url}${MOUNT}`);
  expect(page.url()).toBe(`${url}${MOUNT}/`);
  await page.getByText("Live", { exact: true }).waitFor();

  const seen = await playAttack(made, VISITORS);

  // The page learns of it without a reload.
  await until(async () => (await tile("Requests")) === seen.requests.toLocaleString("en-US"));
  await until(async () => (await tile("Refused")) === String(seen.denied));
  expect(await tile("Challenged")).toBe(String(seen.challenged));
  expect(await tile("Solved")).toMatch(new RegExp(`^${seen.solved} of `));
  await until(async () => (await tile("Bans now")) === "2");
  await page.screenshot({ path: `${SHOTS}/dashboard-attack.png` });

  // Unbanned by a click, and banned again by "Undo".
  await page.getByRole("link", { name: "Bans", exact: true }).click();
  await row(SCANNER)
    .getByRole("button", { name: /^Unban/ })
    .click();
  await until(async () => (await guard.bans.list()).length === 1);
  await page.getByRole("button", { name: "Undo" }).click();
  await until(async () => (await guard.bans.list()).length === 2);

  // Extended.
  await row(SCANNER)
    .getByRole("button", { name: /^Change time/ })
    .click();
  const dialog = page.getByRole("dialog");
  await dialog.locator("select").first().selectOption("0");
  await dialog.locator("button[type=submit]").click();
  await until(async () => (await guard.bans.get(SCANNER, "default"))?.expires === null);

  // Added, with markup for a reason.
  await page.getByRole("button", { name: "Add a ban" }).click();
  await dialog.getByLabel("Address or range").fill("198.51.100.0/24");
  await dialog.getByLabel("Reason").fill(`<img src=x onerror="window.pwned=1">`);
  await dialog.getByRole("button", { name: "Ban", exact: true }).click();
  await row("198.51.100.0/24").waitFor();
  expect((await guard.bans.get("198.51.100.7"))?.reason).toContain("<img");

  // Exported.
  await page.getByText("Export", { exact: true }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Plain list" }).click(),
  ]);
  expect(
    readFileSync(await download.path(), "utf8")
      .split("\n")
      .toSorted(),
  ).toEqual(["", "198.51.100.0/24", SCANNER, "9.9.9.9"].toSorted());

  // What a visitor reads off the page is found.
  await page.getByLabel("Find a reference id, an address or a range").fill(seen.id.toLowerCase());
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: `Reference ${seen.id}`, exact: false }).waitFor();
  await page.getByText("bad behavior", { exact: false }).first().waitFor();

  // Everybody is let in for a while, and it is undone by itself.
  await page.getByRole("button", { name: /^Mode:/ }).click();
  await dialog.getByText("15 minutes").click();
  await dialog.getByRole("button", { name: "Switch to detect mode" }).click();
  await page.getByRole("button", { name: /^Mode: Detect/ }).waitFor();
  expect(guard.mode().mode).toBe("detect");
  expect(await made.status(BUNKERNET_LISTED, "/missing/x")).toBe(404);

  // Nothing that a client sent has run.
  for (const view of [
    "overview",
    "protections",
    "bans",
    `address/${SCANNER}`,
    `reference/${seen.id}`,
    "settings",
  ]) {
    await page.goto(`${url}${MOUNT}/#/${view}`);
    await page.locator("main h1").waitFor();
    await until(async () => (await page.locator(".skeleton").count()) === 0);
    expect(await page.evaluate("window.pwned")).toBeUndefined();
    expect(await page.locator("main img, main script, main iframe").count()).toBe(0);
  }
  expect(problems).toEqual([]);
  await context.close();
});

test("a wrong password, another site and a frame are refused", async () => {
  const { url, guard } = await dashboardSite();
  const context = await operatorsBrowser();
  const stranger = await browser.newContext({ httpCredentials: { username: "admin", password: "wrong" } });
  const closed = await (await stranger.newPage()).goto(`${url}${MOUNT}/`);
  expect(closed?.status()).toBe(401);
  await stranger.close();

  // Another origin, in the browser of an operator who is signed in.
  await (await context.newPage()).goto(`${url}${MOUNT}/`);
  const evil: Server = createServer((_req, res) =>
    res
      .setHeader("Content-Type", "text/html")
      .end(
        `<iframe src="${url}${MOUNT}/"></iframe><form method="post" enctype="text/plain" action="${url}${MOUNT}/api/bans"><input name='{"address":"192.0.2.99","x":"' value='"}'></form>`,
      ),
  );
  await new Promise<void>((resolve) => evil.listen(0, "127.0.0.1", resolve));
  try {
    const there = await context.newPage();
    await there.goto(`http://localhost:${(evil.address() as AddressInfo).port}/`);
    const framed = there.frames().find((frame) => frame !== there.mainFrame());
    await until(() => framed?.url().startsWith("chrome-error:"));
    const fetched = await there.evaluate(
      async (target) =>
        fetch(target, { method: "POST", credentials: "include", body: '{"address":"192.0.2.98"}' }).then(
          (got) => got.status,
          () => "refused",
        ),
      `${url}${MOUNT}/api/bans`,
    );
    expect(fetched).toBe("refused");
    const [posted] = await Promise.all([
      there.waitForResponse((got) => got.url().endsWith("/api/bans")),
      there.evaluate(() => document.querySelector("form")?.submit()),
    ]);
    expect(posted.status()).toBe(403);
    expect(await guard.bans.list()).toEqual([]);
  } finally {
    evil.closeAllConnections();
    evil.close();
    await context.close();
  }
});
