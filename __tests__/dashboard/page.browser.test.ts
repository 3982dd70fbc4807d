import { gzipSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchBrowser } from "../browser/browser.js";
import { runNode } from "../package/tarball.js";
import { pageAnswers } from "./page-answers.js";
import { dashboardSite, MOUNT, type DashboardSite } from "./site.js";

const ROOT = join(__dirname, "../..");
const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1440, height: 900 };
const VIEWS = [
  "overview",
  "protections",
  "bans",
  "address/203.0.113.7",
  "reference/7K2MQ4XW9ABC",
  "settings",
];
const BUDGET_BYTES = 60_000;

let browser: Browser;
let served: DashboardSite;
let complaints: string[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  complaints = [];
  served = await dashboardSite({}, { authorize: () => true });
});

/** Opens the page. With `answers` the API is answered by the test, the stream excepted. */
async function open(options: BrowserContextOptions, answers?: (path: string) => unknown): Promise<Page> {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => complaints.push(`dialog: ${dialog.message()}`));
  if (answers !== undefined)
    await page.route("**/api/**", async (route) => {
      const url = route.request().url();
      if (url.endsWith("/api/stream")) return route.continue();
      return route.fulfill({ json: answers(url) });
    });
  await page.goto(`${served.url}${MOUNT}/`);
  await page.waitForSelector("main h1");
  return page;
}

/** Goes to a view and waits until all of it is read. */
async function show(page: Page, view: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(`#/${view}`)}`);
  await page.waitForSelector("body:not(:has(.skeleton)) main .panel", { state: "attached" });
}

const overflow = (page: Page): Promise<number> =>
  page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");

// What axe-core cannot see because something lies over it, or is too short, is no finding.
const UNSEEN = /^(bgOverlap|elmPartiallyObscur(ed|ing)|shortTextContent)$/;

async function findings(page: Page): Promise<string[]> {
  // Views change within one document.
  if (!(await page.evaluate<boolean>("'axe' in window"))) await page.evaluate(axe.source);
  const { violations, incomplete } = await page.evaluate<axe.AxeResults>(
    "axe.run(document, { resultTypes: ['violations', 'incomplete'] })",
  );
  const open = incomplete.flatMap((result) => {
    const nodes = result.nodes.filter(({ any }) => {
      return !any.some(({ data }) =>
        UNSEEN.test(String((data as { messageKey?: unknown } | null)?.messageKey)),
      );
    });
    return nodes.length === 0 ? [] : [{ ...result, nodes }];
  });
  return [...violations, ...open].map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

test.each([
  { scheme: "light", size: DESKTOP, width: 1440 },
  { scheme: "dark", size: PHONE, width: 390 },
] as const)(
  "axe-core finds nothing in any view, $scheme at $width px, and nothing scrolls sideways",
  async ({ scheme, size }) => {
    const page = await open({ viewport: size, colorScheme: scheme }, pageAnswers());
    const found: Record<string, unknown> = {};
    for (const view of VIEWS) {
      await show(page, view);
      found[view] = { findings: await findings(page), overflow: await overflow(page) };
    }
    await page.context().close();
    expect(found).toEqual(Object.fromEntries(VIEWS.map((view) => [view, { findings: [], overflow: 0 }])));
    expect(complaints).toEqual([]);
  },
);

const HOSTILE = `<img src=x onerror="alert(1)"><script>alert(2)</script>javascript:alert(3)\u202Eevil\u2066${"A".repeat(300)}`;

test("texts of clients stay texts in every view, break nothing and make nothing scroll sideways", async () => {
  const page = await open(
    { viewport: PHONE },
    pageAnswers((text) => `${text}${HOSTILE}`),
  );
  const seen: Record<string, unknown> = {};
  for (const view of VIEWS) {
    await show(page, view);
    // What is folded is unfolded.
    await page.evaluate(`for (const details of document.querySelectorAll("main details")) details.open = true;
      for (const button of document.querySelectorAll("main .actions button[aria-expanded=false]")) button.click();`);
    await page.waitForSelector("body:not(:has(.skeleton))");
    seen[view] = await page.evaluate(`({
      isShown: document.body.innerText.includes("<img src=x"),
      elements: document.querySelectorAll("img, script:not([type=module]), iframe").length,
      links: [...document.links].map((link) => link.getAttribute("href")).filter((href) => !/^(#|api\\/bans\\/export\\?)/.test(href)),
    })`);
    seen[`${view}, sideways`] = await overflow(page);
  }
  await page.context().close();
  const inert = { isShown: true, elements: 0, links: [] };
  expect(seen).toEqual(
    Object.fromEntries(
      VIEWS.flatMap(
        (view) =>
          [
            [view, inert],
            [`${view}, sideways`, 0],
          ] as const,
      ),
    ),
  );
  expect(complaints).toEqual([]);
});

test("a ban is added, extended, lifted and put back by keyboard, and the page says so", async () => {
  const page = await open({ viewport: DESKTOP });
  await page.keyboard.press("Tab");
  expect(await page.evaluate("document.activeElement.className")).toBe("skip");
  // Past the brand, the overview and the protections.
  for (let tabs = 0; tabs < 4; tabs++) await page.keyboard.press("Tab");
  expect(await page.evaluate("document.activeElement.textContent")).toBe("Bans");
  expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=Nobody is banned");

  const add = page.getByRole("button", { name: "Add a ban" });
  await add.focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  expect(await add.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);

  await page.keyboard.press("Enter");
  await page.getByLabel("Address or range").fill("nonsense");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog input[aria-invalid=true]");
  await page.getByLabel("Address or range").fill("9.0.0.0/7");
  await page.keyboard.press("Enter");
  await page.getByLabel("Ban it all the same").waitFor();
  await page.getByLabel("Address or range").fill("9.8.7.6");
  await page.keyboard.press("Enter");
  await page.waitForSelector("tbody >> text=9.8.7.6");
  await page.waitForSelector("dialog", { state: "detached" });
  expect((await served.guard.bans.list()).map(({ ip, reason }) => ({ ip, reason }))).toEqual([
    { ip: "9.8.7.6", reason: "manual" },
  ]);

  await page.getByRole("button", { name: /^Change time/ }).click();
  await page.getByLabel("From now on, ban it for").selectOption({ label: "for good" });
  await page.getByRole("button", { name: "Change", exact: true }).press("Enter");
  await page.waitForSelector("td >> text=for good");

  await page.getByRole("button", { name: /^Unban/ }).click();
  await page.waitForSelector("text=Nobody is banned");
  expect(await served.guard.bans.list()).toEqual([]);
  await page.getByRole("button", { name: "Undo" }).last().click();
  await page.waitForSelector("tbody >> text=9.8.7.6");
  expect((await served.guard.bans.list()).map(({ expires }) => expires)).toEqual([null]);
  await page.context().close();
});

test("the mode is switched for some time, is always in sight, and goes back, with a new token after a restart of the server", async () => {
  const page = await open({ viewport: PHONE });
  const problem = { error: { code: "forbidden", message: "The token is not valid." } };
  await page.route("**/api/mode", (route) => route.fulfill({ status: 403, json: problem }), { times: 1 });
  await page.getByRole("button", { name: "Mode: Block" }).click();
  await page.getByLabel("1 hour").check();
  await page.getByRole("button", { name: "Switch to detect mode" }).click();
  await page.waitForSelector(".mode.detect");
  expect(served.guard.mode()).toMatchObject({ mode: "detect" });
  await page.getByRole("button", { name: /^Mode: Detect/ }).click();
  await page.getByRole("button", { name: /^Back to the configured mode/ }).click();
  await page.waitForSelector(".mode.block");
  expect(served.guard.mode()).toMatchObject({ mode: "block" });
  await page.context().close();
});

test("the page says when it is not live, and reads figures all the same", async () => {
  const page = await open({ viewport: DESKTOP });
  await page.waitForSelector(".live >> text=Live");
  await page.route("**/api/stream", (route) =>
    route.fulfill({
      contentType: "text/event-stream",
      body: 'event: closed\ndata: {"why":"viewers"}\n\n',
    }),
  );
  await page.reload();
  await page.waitForSelector(".live >> text=Too many viewers");
  await page.waitForSelector(".tile >> text=Requests");
  await page.context().close();
});

test(`the script and the style are at most ${BUDGET_BYTES / 1000} kB together, compressed, and always the same bytes`, async () => {
  const files = JSON.parse(
    await runNode([join(ROOT, "scripts/build-dashboard.mjs"), "--print"], ROOT),
  ) as Record<string, string>;
  const manifest = JSON.parse(files["manifest.json"] ?? "") as { script: string; style: string };
  const sizes = [manifest.script, manifest.style].map(
    (name) => gzipSync(files[name] ?? "", { level: 9 }).length,
  );
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(BUDGET_BYTES);
  for (const [name, text] of Object.entries(files))
    expect(readFileSync(join(ROOT, "src/dashboard/static", name), "utf8")).toBe(text);
});
