import { INSECURE_HOST, OTHER_HOST } from "./browser.js";
import { usePages, type PageUnderTest } from "./page-under-test.js";

/** No worker is ever heard of: they start, and stay silent. */
const SILENT_WORKERS = `window.Worker = class { postMessage() {} terminate() {} };`;
/** Workers say that they run, and never answer. */
const STUCK_WORKERS = `window.Worker = class {
  constructor() { setTimeout(() => this.onmessage({ data: "ready" })) }
  postMessage() {}
  terminate() {}
};`;
const THROWING_WORKERS = `window.Worker = class { constructor() { throw new Error("blocked"); } };`;
const NO_WORKERS = `delete window.Worker;`;

let server: PageUnderTest["server"];
let page: PageUnderTest["page"];
let url: PageUnderTest["url"];

usePages((made) => {
  ({ server, page, url } = made);
});
const status = (text: string): Promise<void> =>
  page.locator("#bunker-status", { hasText: text }).waitFor({ state: "attached" });
const wayOut = (): Promise<void> => page.locator("#bunker-wayout").waitFor({ state: "visible" });

describe("challenge page in Chromium", () => {
  test("solves the puzzles and lands with query and fragment; Back skips the challenge", async () => {
    await page.goto(url("/start"));
    await page.goto(url("/shop/cart?item=1#reviews"));
    await page.waitForURL(url("/shop/cart?item=1#reviews"));
    await page.getByText("landed").waitFor();
    const post = server.posts[0]!;
    expect([...post.fields.keys()].sort()).toEqual(["challenge", "state"]);
    expect(post.fields.get("challenge")).toMatch(/^[0-9a-f]{128}$/);
    expect(post.headers).toMatchObject({
      accept: "application/json",
      "content-type": "application/x-www-form-urlencoded",
      "sec-fetch-site": "same-origin",
    });
    await page.goBack();
    expect(page.url()).toBe(url("/start"));
  });

  test("tells of its progress in words and numbers", async () => {
    await page.addInitScript(`
      window.seen = [];
      new MutationObserver((changes) => {
        for (const { target } of changes) {
          if (target.id === "bunker-progress") seen.push(Number(target.getAttribute("aria-valuenow")));
          if (target.id === "bunker-status") seen.push(target.textContent);
        }
      }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-valuenow"] });`);
    server.settings.work = 2 ** 20;
    server.settings.answer = () => ({ status: 400, body: {} });
    await page.goto(url("/challenge"));
    await status("failed");
    const seen = await page.evaluate<(string | number)[]>("seen");
    const numbers = seen.filter((value) => typeof value === "number");
    expect(seen[0]).toBe("working");
    expect(seen.at(-1)).toBe("failed");
    expect(numbers.at(-1)).toBe(100);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(numbers.every(Number.isInteger)).toBe(true);
  });

  test.each([
    ["the constructor throws", THROWING_WORKERS, "worker-src blob:"],
    ["they are missing", NO_WORKERS, "worker-src blob:"],
    ["they stay silent", SILENT_WORKERS, "worker-src blob:"],
    ["the policy forbids them", "", "worker-src 'none'"],
  ])("R35 solves without workers: %s", async (_, before, workerSource) => {
    Object.assign(server.settings, { before, workerSource });
    await page.goto(url("/shop"));
    await page.getByText("landed").waitFor();
    expect(server.posts).toHaveLength(1);
  });

  test("R35 solves on plain http, where crypto.subtle is missing", async () => {
    await page.goto(url("/shop", INSECURE_HOST));
    await page.getByText("landed").waitFor();
    expect(await page.evaluate("[isSecureContext, typeof crypto.subtle]")).toEqual([false, "undefined"]);
  });

  test("tries a new challenge by itself when the server sends one", async () => {
    let refusals = 2;
    server.settings.answer = () =>
      refusals-- > 0 ? { status: 403, body: { expired: true, challenge: server.issue() } } : undefined;
    await page.goto(url("/shop"));
    await page.getByText("landed").waitFor();
    expect(new Set(server.posts.map(({ fields }) => fields.get("state"))).size).toBe(3);
  });

  test("stops after three new challenges, and goes on when asked to", async () => {
    let refusing = true;
    server.settings.answer = () =>
      refusing ? { status: 403, body: { challenge: server.issue() } } : undefined;
    await page.goto(url("/shop"));
    await status("failed");
    expect(server.posts).toHaveLength(4);
    refusing = false;
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByText("landed").waitFor();
  });

  test("asks again when the network fails, later each time, and then shows the way out", async () => {
    await stopClock();
    let failures = 0;
    let online = false;
    await page.route(url("/challenge"), async (route) => {
      if (online || route.request().method() !== "POST") await route.continue();
      else await route.abort().then(() => failures++);
    });
    await page.goto(url("/shop"));
    await status("trying again");
    for (const [attempts, pause] of [
      [1, 1_000],
      [2, 2_000],
      [3, 4_000],
    ] as const) {
      await page.clock.runFor(pause - 1);
      expect(failures).toBe(attempts);
      while (failures === attempts) await page.clock.runFor(50);
    }
    await wayOut();
    await status("failed");
    online = true;
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByText("landed").waitFor();
  });

  test.each([
    ["workers never answer", { before: STUCK_WORKERS }],
    ["the work is far too much", { work: 2 ** 40 }],
    ["one thread alone has far too much to do", { work: 2 ** 40, before: THROWING_WORKERS }],
  ])("R35 shows a way out after 15 s when %s", async (_, settings) => {
    Object.assign(server.settings, settings);
    await stopClock();
    await page.goto(url("/shop"));
    await status("working");
    await page.clock.runFor(14_900);
    expect(await page.locator("#bunker-wayout").isVisible()).toBe(false);
    await page.clock.runFor(200);
    await wayOut();
    await status("slow");
    // Trying again starts over with its patience.
    await page.getByRole("button", { name: "Retry" }).click();
    await status("working");
    expect(await page.locator("#bunker-wayout").isVisible()).toBe(false);
  });

  test.each([
    ["//evil.test/"],
    ["/\\evil.test/"],
    ["https://evil.test/"],
    ["javascript:alert(1)"],
    ["/\t/evil.test"],
  ])("R13 does not go to %j", async (location) => {
    server.settings.answer = () => ({ status: 200, body: { location } });
    await page.goto(url("/shop"));
    await wayOut();
    expect(page.url()).toBe(url("/challenge"));
  });

  test("R19 posts a held-back form again, field for field", async () => {
    const fields = [
      ["name", "Zoë & co"],
      ["submit", "1"],
      ["action", "https://evil.test/"],
      ["_charset_", "as typed"],
      ["text", "two\r\nlines"],
    ];
    server.settings.answer = () => ({ status: 200, body: { repost: { url: "/shop/order?a=1", fields } } });
    await page.goto(url("/shop"));
    await page.getByText("landed").waitFor();
    const sent = server.requests.find((request) => request.startsWith("POST"))!;
    expect(sent.slice(0, 20)).toBe("POST /shop/order?a=1");
    expect([...new URLSearchParams(sent.slice(21))]).toEqual(fields);
  });

  test("R19 posts no form to another site", async () => {
    server.settings.answer = () => ({
      status: 200,
      body: { repost: { url: "//evil.test/", fields: [["a", "b"]] } },
    });
    await page.goto(url("/shop"));
    await wayOut();
    expect(page.url()).toBe(url("/challenge"));
  });

  test("explains itself, and does not start, where cookies are off", async () => {
    await page.addInitScript(
      `Object.defineProperty(Navigator.prototype, "cookieEnabled", { get: () => false });`,
    );
    await page.goto(url("/challenge"));
    await page.getByText("no cookies").waitFor();
    await wayOut();
    expect(server.posts).toHaveLength(0);
  });

  test("R17 does not go round in circles when the pass does not stick", async () => {
    server.settings.answer = (solved) =>
      solved ? { status: 200, body: { location: "/challenge" } } : undefined;
    await page.goto(url("/challenge"));
    await page.getByText("no cookies").waitFor();
    expect(server.posts).toHaveLength(3);
    // Somebody who asks for it may try on.
    server.settings.answer = () => undefined;
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByText("landed").waitFor();
  });

  test("R34 offers a new tab inside a frame of another site", async () => {
    server.settings.answer = () => ({ status: 400, body: {} });
    server.settings.framedBy = "*";
    await page.goto(url(`/embedding?frame=${encodeURIComponent(url("/challenge?frame=1"))}`, OTHER_HOST));
    await page.frameLocator("iframe").getByText("open tab").waitFor();
  });

  test("starts anew when the browser brings it back from its memory", async () => {
    server.settings.work = 2 ** 40;
    await page.goto(url("/challenge"));
    await status("working");
    const before = server.requests.length;
    await Promise.all([
      page.waitForEvent("load"),
      page.evaluate(`dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))`),
    ]);
    expect(server.requests).toHaveLength(before + 1);
  });

  test("waits until a prerendered page is shown", async () => {
    await page.addInitScript(`
      let hidden = true;
      Object.defineProperty(Document.prototype, "prerendering", { get: () => hidden });
      window.reveal = () => { hidden = false; document.dispatchEvent(new Event("prerenderingchange")); };`);
    await page.goto(url("/challenge"));
    expect(await page.locator("#bunker-status").textContent()).toBe("");
    await page.evaluate("reveal()");
    await page.getByText("landed").waitFor();
  });
});

/** Makes the page's clock stand still but for `page.clock.runFor`. */
async function stopClock(): Promise<void> {
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(1_000);
}
