import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { CompiledTheme } from "../../src/pages/compiled-theme.js";
import { cookieHelpPage, denyPage } from "../../src/pages/deny-page.js";
import { pageHeaders } from "../../src/pages/page.js";
import { LANGUAGES } from "../../src/pages/texts.js";
import { launchBrowser } from "../browser/browser.js";

const PHONE = { width: 320, height: 640 };
const DESKTOP = { width: 1280, height: 800 };
const PAGES = ["deny", "help"] as const;
type PageName = (typeof PAGES)[number];
type Scheme = "light" | "dark";

const THEME = new CompiledTheme({});
let browser: Browser;
let server: Server;
let base: string;

beforeAll(async () => {
  // First, so that nothing is left open where there is no browser.
  browser = await launchBrowser();
  server = createServer((req, res) => {
    const [, name, language = "en"] = (req.url ?? "/").split("/");
    const options = { language, theme: THEME, referenceId: "7K2MQ4XW9ABC" };
    if (name === "deny") res.writeHead(403, pageHeaders(THEME)).end(denyPage(options));
    else if (name === "help")
      res.writeHead(403, pageHeaders(THEME)).end(cookieHelpPage({ ...options, retryHref: "/again" }));
    else res.writeHead(name === "again" ? 200 : 404, { "Content-Type": "text/plain" }).end(name);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

interface Seen {
  page: Page;
  /** What the console said, our own 403 aside. */
  complaints: string[];
  /** The paths that were asked for. */
  asked: string[];
}

/** Opens a page of ours, looks at it, and closes it. */
async function look<T>(
  name: PageName,
  language: string,
  view: { scheme?: Scheme; size?: typeof PHONE; forcedColors?: "active" },
  work: (seen: Seen) => Promise<T>,
): Promise<T> {
  const context = await browser.newContext({
    viewport: view.size ?? PHONE,
    colorScheme: view.scheme ?? "light",
    forcedColors: view.forcedColors ?? "none",
  });
  try {
    const page = await context.newPage();
    const complaints: string[] = [];
    const asked: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`${base}/${name}/${language}`);
    return await work({
      page,
      asked,
      get complaints() {
        return complaints.filter((text) => !/status of 40[34]/.test(text));
      },
    });
  } finally {
    await context.close();
  }
}

const overflow = (page: Page): Promise<number> =>
  page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");

/** Everything that axe-core has to say against the page, best practices included. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations, incomplete } = await page.evaluate<axe.AxeResults>("axe.run(document)");
  return [...violations, ...incomplete].map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`,
  );
}

const views = PAGES.flatMap((name) =>
  ["en", "ar"].flatMap((language) =>
    (["light", "dark"] as const).flatMap((scheme) =>
      [PHONE, DESKTOP].map((size) => ({ name, language, scheme, size, width: size.width })),
    ),
  ),
);

test.each(views)(
  "R34 axe-core finds nothing on the $name page in $language, $scheme, $width px",
  async ({ name, language, scheme, size }) => {
    const seen = await look(name, language, { scheme, size }, async ({ page, complaints, asked }) => ({
      complaints,
      asked: asked.filter((path) => path !== "/favicon.ico"),
      overflow: await overflow(page),
      findings: await findings(page),
    }));
    expect(seen).toEqual({ complaints: [], asked: [`/${name}/${language}`], overflow: 0, findings: [] });
  },
);

test.each(PAGES)("R34 no language makes the %s page scroll sideways at 320 px", async (name) => {
  const wide = await look(name, "en", {}, async ({ page }) => {
    const found: string[] = [];
    for (const language of Object.keys(LANGUAGES)) {
      await page.goto(`${base}/${name}/${language}`);
      if ((await overflow(page)) > 0) found.push(language);
    }
    return found;
  });
  expect(wide).toEqual([]);
});

test("R34 the policy lets the style through, and it follows the visitor's colour scheme", async () => {
  const background = ({ page }: Seen): Promise<string> =>
    page.evaluate("getComputedStyle(document.querySelector('main')).backgroundColor");
  const light = await look("deny", "en", { scheme: "light" }, background);
  const dark = await look("deny", "en", { scheme: "dark" }, background);
  expect(light).toBe("rgb(255, 255, 255)");
  expect(dark).not.toBe(light);
  expect(dark).not.toBe("rgba(0, 0, 0, 0)");
});

test("R34 right-to-left pages are laid out from the right", async () => {
  const side = ({ page }: Seen): Promise<string> =>
    page.evaluate(
      "(({ left, right }) => (left > innerWidth - right ? 'right' : 'left'))(document.querySelector('.mark').getBoundingClientRect())",
    );
  await expect(look("deny", "ar", {}, side)).resolves.toBe("right");
  await expect(look("deny", "en", {}, side)).resolves.toBe("left");
});

test("R34 the way on is reached, seen and taken by keyboard, and large enough to touch", async () => {
  await look("help", "en", {}, async ({ page }) => {
    const focused = "document.activeElement";
    await page.keyboard.press("Tab");
    expect(await page.evaluate(`${focused}.textContent`)).toBe(THEME.texts("en").tryAgain);
    expect(await page.evaluate(`getComputedStyle(${focused}).outlineStyle`)).toBe("solid");
    expect(await page.evaluate(`${focused}.getBoundingClientRect().height`)).toBeGreaterThanOrEqual(44);
    await page.keyboard.press("Enter");
    await page.waitForURL("**/again");
  });
});

test("R34 in forced colours the button keeps an edge", async () => {
  const border = await look("help", "en", { forcedColors: "active" }, ({ page }) =>
    page.evaluate("getComputedStyle(document.querySelector('.button')).borderTopWidth"),
  );
  expect(border).toBe("1px");
});

test("R34 one click selects the whole reference id", async () => {
  await look("deny", "en", {}, async ({ page }) => {
    await page.click("code");
    expect(await page.evaluate("getSelection().toString()")).toBe("7K2MQ4XW9ABC");
  });
});
