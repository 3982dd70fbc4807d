import { OTHER_HOST } from "./browser.js";
import { usePages, type PageUnderTest } from "./page-under-test.js";

let server: PageUnderTest["server"];
let page: PageUnderTest["page"];
let url: PageUnderTest["url"];

usePages((made) => {
  ({ server, page, url } = made);
});

beforeEach(async () => {
  await page.goto(url("/app"));
  await page.evaluate(
    `window.go = bunkerFetch({ challenge: "/challenge", title: "Check", closeLabel: "Cancel" })`,
  );
});
const evaluate = (code: string): Promise<unknown> => page.evaluate(code);
const dialog = () => page.getByRole("dialog", { name: "Check" });
const requests = (path: string): string[] => server.requests.filter((request) => request.includes(path));
/** A challenge that stays open: nobody solves that much. */
const endless = (): void => {
  server.settings.work = 2 ** 40;
};

describe("fetch helper in Chromium", () => {
  test("shows the challenge in a dialog and sends the request again once it is solved", async () => {
    await page.locator("#app").focus();
    const answer = await evaluate(
      `go("/api/orders", { method: "POST", body: "order" }).then(async (r) => [r.status, await r.json()])`,
    );
    expect(answer).toEqual([200, { echo: "order" }]);
    expect(requests("/api/orders")).toEqual(["POST /api/orders order", "POST /api/orders order"]);
    expect(requests("/challenge")).toEqual(["GET /challenge?frame=1"]);
    expect(await dialog().count()).toBe(0);
    expect(await evaluate("document.activeElement.id")).toBe("app");
    expect(page.url()).toBe(url("/app"));
  });

  test("sends a Request with its body again", async () => {
    const answer = await evaluate(
      `go(new Request("/api/orders", { method: "PUT", body: "order" })).then(async (r) => [r.status, await r.json()])`,
    );
    expect(answer).toEqual([200, { echo: "order" }]);
  });

  test("passes everything else through", async () => {
    endless();
    expect(await evaluate(`go("/elsewhere").then((r) => r.status)`)).toBe(200);
    expect(await evaluate(`go("/api/a?challenge=/other").then((r) => r.status)`)).toBe(403);
    expect(await dialog().count()).toBe(0);
  });

  test("R20 opens nothing for another site's answer", async () => {
    endless();
    expect(await evaluate(`go("${url("/api/a", OTHER_HOST)}").then((r) => r.status)`)).toBe(403);
    expect(await dialog().count()).toBe(0);
    expect(requests("/challenge")).toEqual([]);
  });

  test.each(["https://evil.test/", "//evil.test/", "challenge", "/a?b", "javascript:alert(1)", ""])(
    "R20 takes no path but this site's: %j",
    async (challenge) => {
      const caught = `try { bunkerFetch({ challenge: ${JSON.stringify(challenge)} }) } catch (error) { error.name }`;
      expect(await evaluate(caught)).toBe("TypeError");
    },
  );

  test("R20 believes no message but the frame's own", async () => {
    endless();
    await evaluate(`window.answer = go("/api/a").then((r) => r.status); undefined`);
    await dialog().waitFor();
    // From this page itself, and from a frame of another site: right words, wrong source, wrong origin.
    await evaluate(`postMessage({ type: "express-bunker:solved" }, "*")`);
    await evaluate(`new Promise((resolve) => {
      addEventListener("message", ({ data }) => data.done && resolve());
      dispatchEvent(new MessageEvent("message", { data: { type: "express-bunker:solved" }, origin: "http://evil.test",
        source: document.querySelector("dialog iframe").contentWindow }));
      dispatchEvent(new MessageEvent("message", { data: { type: "express-bunker:solved" }, origin: location.origin,
        source: window }));
      postMessage({ done: true }, "*");
    })`);
    expect(await dialog().count()).toBe(1);
    expect(requests("/api/a")).toHaveLength(1);
    // The very same message with both right is believed.
    await evaluate(`dispatchEvent(new MessageEvent("message", { data: { type: "express-bunker:solved" },
      origin: location.origin, source: document.querySelector("dialog iframe").contentWindow }))`);
    expect(await evaluate("answer")).toBe(403);
    expect(requests("/api/a")).toHaveLength(2);
  });

  test("shows one dialog to many requests", async () => {
    const answers = await evaluate(
      `Promise.all([1, 2, 3, 4].map((i) => go("/api/" + i).then((r) => r.status)))`,
    );
    expect(answers).toEqual([200, 200, 200, 200]);
    expect(requests("/challenge")).toHaveLength(1);
    expect(requests("/api/")).toHaveLength(8);
  });

  test("is modal, and gives the focus and the first answer back when it is closed", async () => {
    endless();
    await page.locator("#app").focus();
    for (const close of [
      () => dialog().getByRole("button", { name: "Cancel" }).click(),
      () => dialog().getByRole("button", { name: "Cancel" }).press("Escape"),
      // Inside the frame, where the keyboard is right after opening.
      async () => {
        await page.frameLocator("iframe").getByText("working").waitFor();
        expect(await evaluate("document.activeElement.tagName")).toBe("IFRAME");
        await page.keyboard.press("Escape");
      },
    ]) {
      await evaluate(`window.answer = go("/api/a").then((r) => r.status); undefined`);
      await dialog().waitFor();
      expect(await evaluate(`document.querySelector("#app").focus() || document.activeElement.id`)).not.toBe(
        "app",
      );
      await evaluate(`document.querySelector("dialog iframe").focus()`);
      await close();
      expect(await evaluate("answer")).toBe(403);
      expect(await dialog().count()).toBe(0);
      expect(await evaluate("document.activeElement.id")).toBe("app");
    }
  });

  test("gives up after its time limit", async () => {
    endless();
    await page.clock.install();
    await page.goto(url("/app"));
    await evaluate(
      `window.answer = bunkerFetch({ title: "Check", timeout: 60 })("/api/a").then((r) => r.status); undefined`,
    );
    await dialog().waitFor();
    await page.clock.fastForward(61_000);
    expect(await evaluate("answer")).toBe(403);
    expect(await dialog().count()).toBe(0);
  });

  test("ends a request that its caller aborts while the dialog is open", async () => {
    endless();
    await evaluate(`{
      window.aborter = new AbortController();
      window.answer = go("/api/a", { signal: aborter.signal }).catch((error) => error.name);
      window.other = go("/api/b").then((r) => r.status);
      undefined;
    }`);
    await dialog().waitFor();
    await evaluate("aborter.abort()");
    expect(await evaluate("answer")).toBe("AbortError");
    // Another request still waits; without any, the dialog has no purpose.
    expect(await dialog().count()).toBe(1);
    await dialog().getByRole("button", { name: "Cancel" }).click();
    expect(await evaluate("other")).toBe(403);
    await evaluate(`{
      window.aborter = new AbortController();
      window.answer = go("/api/a", { signal: aborter.signal }).catch((error) => error.name);
      undefined;
    }`);
    await dialog().waitFor();
    await evaluate("aborter.abort()");
    expect(await evaluate("answer")).toBe("AbortError");
    expect(await dialog().count()).toBe(0);
  });

  test("returns the first answer when the body is a stream", async () => {
    endless();
    // Chromium streams to HTTP/2 servers only, so the sender is a stand-in.
    const answer = await evaluate(`bunkerFetch({ fetch: () => fetch("/api/a") })("/api/a", {
      method: "POST", duplex: "half", body: new ReadableStream(),
    }).then((r) => r.status)`);
    expect(answer).toBe(403);
    expect(await dialog().count()).toBe(0);
  });

  test("does without <dialog> in old browsers", async () => {
    await page.addInitScript(`delete HTMLDialogElement.prototype.showModal;`);
    await page.goto(url("/app"));
    endless();
    await evaluate(`window.go = bunkerFetch({ title: "Check", closeLabel: "Cancel" })`);
    await page.locator("#app").focus();
    await evaluate(`window.answer = go("/api/a").then((r) => r.status); undefined`);
    await dialog().waitFor();
    expect(await dialog().getAttribute("aria-modal")).toBe("true");
    expect(await page.getByRole("button", { name: "app" }).count()).toBe(0);
    await dialog().getByRole("button", { name: "Cancel" }).press("Escape");
    expect(await evaluate("answer")).toBe(403);
    expect(await page.getByRole("button", { name: "app" }).count()).toBe(1);
    expect(await evaluate("document.activeElement.id")).toBe("app");
    server.settings.work = 2 ** 12;
    expect(await evaluate(`go("/api/a").then((r) => r.status)`)).toBe(200);
  });
});
