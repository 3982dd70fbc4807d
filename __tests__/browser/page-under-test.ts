import type { Browser, BrowserContext, Page } from "playwright-core";
import { launchBrowser } from "./browser.js";
import { ChallengeServer } from "./challenge-server.js";

/** What a test of a page in Chromium works with: new for each test. */
export interface PageUnderTest {
  server: ChallengeServer;
  context: BrowserContext;
  page: Page;
  /** Where a path leads, under the name of `host`. */
  readonly url: (path: string, host?: string) => string;
}

/** Hands every test of this file a page of its own, and fails those whose page reports an error of its script. */
export function usePages(use: (made: PageUnderTest) => void): void {
  let browser: Browser;
  let server: ChallengeServer;
  let context: BrowserContext;
  let errors: string[];
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    server = new ChallengeServer();
    await server.listen();
    context = await browser.newContext();
    const page = await context.newPage();
    errors = [];
    page.on("pageerror", (error) => errors.push(error.message));
    const { port } = server;
    use({
      server,
      context,
      page,
      url: (path, host = "127.0.0.1") => `http://${host}:${port}${path}`,
    });
  });
  afterEach(async () => {
    await context.close();
    await server.close();
    expect(errors).toEqual([]);
  });
}
