import connect from "connect";
import express5 from "express";
import helmet from "helmet";
import { createServer, type RequestListener } from "node:http";
import { connect as connect2, createServer as createServer2, type Http2Server } from "node:http2";
import { createConnection, type AddressInfo } from "node:net";
import { bunker, MemoryStore, type Bunker } from "../../src/index.js";
import { dashboard, type Dashboard } from "../../src/dashboard/index.js";
import { ask } from "../support/ask.js";
import { until } from "../support/until.js";

// eslint-disable-next-line @typescript-eslint/no-require-imports
const express4 = require("express4") as typeof express5;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function made(): { guard: Bunker; page: Dashboard } {
  const guard = bunker({ store: new MemoryStore(), bunkernet: false, logger: false });
  ends.push(() => guard.close());
  return { guard, page: dashboard({ bunker: guard, authorize: () => true }) };
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await until(() => server.listening);
  ends.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function nested(express: typeof express5, { guard, page }: ReturnType<typeof made>): RequestListener {
  const app = express();
  app.use(express.json());
  app.use(helmet());
  const inner = express.Router();
  inner.use("/ops", page);
  app.use("/admin", inner);
  app.use(guard);
  app.use((_req, res) => void res.send("the site"));
  return app;
}

function onConnect({ guard, page }: ReturnType<typeof made>): RequestListener {
  const app = connect();
  app.use("/admin/ops/", page);
  app.use(guard);
  app.use((_req: unknown, res: { end(text: string): void }) => res.end("the site"));
  return app;
}

/** As the docs show it for a server without a framework. */
function bare({ guard, page }: ReturnType<typeof made>): RequestListener {
  return (req, res) => {
    const mount = "/admin/ops";
    const { url = "/" } = req;
    if (url === mount || url.startsWith(`${mount}/`) || url.startsWith(`${mount}?`)) {
      req.url = url.slice(mount.length);
      page(req, res, () => undefined);
    } else guard(req, res, () => void res.end("the site"));
  };
}

describe.each<[string, (parts: ReturnType<typeof made>) => RequestListener]>([
  ["nested routers of Express 5, behind express.json() and helmet", (parts) => nested(express5, parts)],
  ["nested routers of Express 4, behind express.json() and helmet", (parts) => nested(express4, parts)],
  ["Connect, with a slash at the end of the path", onConnect],
  ["node:http", bare],
])("the dashboard on %s", (name, app) => {
  it("serves the page, reads and acts", async () => {
    const parts = made();
    const url = await serve(app(parts));
    const path = "/admin/ops";
    const page = await ask(url, `${path}/`);
    expect([page.status, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    expect(page.headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(page.headers["content-security-policy"]).not.toContain("https:");
    const isBare = name === "node:http";
    const { status, headers } = await ask(url, `${path}?range=7d`);
    // It cannot know its own address there.
    expect([status, headers.location]).toEqual(isBare ? [404, undefined] : [308, "./ops/"]);
    // The app does the routing there.
    if (!isBare) expect((await ask(url, `http://other.example${path}/api/session`)).status).toBe(200);
    const { csrf } = (await ask(url, `${path}/api/session`)).json;
    const act = async (method: string, call: string, body?: string, type = "application/json") =>
      (
        await ask(url, `${path}/api/${call}`, {
          method,
          headers: { "X-Bunker-CSRF": String(csrf), ...(body === undefined ? {} : { "Content-Type": type }) },
          ...(body === undefined ? {} : { body }),
        })
      ).status;
    expect(await act("POST", "bans", '{"address":"198.51.100.1"}')).toBe(201);
    expect(await act("POST", "bans", '{"address":"198.51.100.2"}', "application/json; charset=utf-8")).toBe(
      201,
    );
    for (const body of ["[]", "{}", "null", '"x"', "{", '{"__proto__":{"address":"198.51.100.3"}}'])
      expect([body, await act("POST", "bans", body)]).toEqual([body, 400]);
    expect(await act("DELETE", "bans/198.51.100.1")).toBe(200);
    expect(await act("DELETE", "bans/198.51.100.0%2F24")).toBe(200);
    expect((await parts.guard.bans.list()).map(({ ip }) => ip)).toEqual(["198.51.100.2"]);
    const head = await ask(url, `${path}/`, { method: "HEAD" });
    expect([head.status, head.text]).toEqual([200, ""]);
    expect((await ask(url, `${path}/`, { method: "OPTIONS" })).status).toBe(405);
    expect((await ask(url, `${path}/api/stream`, { method: "HEAD" })).status).toBe(200);
    for (const odd of [`${path}//evil.example`, `${path}/..%2f`, `${path}/api//bans`])
      expect([odd, (await ask(url, odd)).status]).toEqual([odd, 404]);
    expect((await ask(url, "/")).text).toBe("the site");
  });
});

test.each([
  ["text", express5.text({ type: "*/*" })],
  ["bytes", express5.raw({ type: "*/*" })],
])("takes a change whose body the app has read as %s", async (_name, parser) => {
  const { page, guard } = made();
  const app = express5();
  app.use(parser);
  app.use("/ops", page);
  const url = await serve(app);
  const { csrf } = (await ask(url, "/ops/api/session")).json;
  const act = async (body: string) =>
    (
      await ask(url, "/ops/api/bans", {
        method: "POST",
        headers: { "X-Bunker-CSRF": String(csrf), "Content-Type": "application/json" },
        body,
      })
    ).status;
  expect([await act('{"address":"198.51.100.1"}'), await act("[1]"), await act("{")]).toEqual([
    201, 400, 400,
  ]);
  expect(await guard.bans.list()).toHaveLength(1);
});

test("serves HTTP/2: the page, changes, the stream and exports", async () => {
  const { page, guard } = made();
  const server: Http2Server = createServer2((req, res) => {
    page(req as never, res as never, () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await until(() => server.listening);
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = connect2(origin);
  ends.push(
    () => server.close(),
    () => client.destroy(),
  );
  const get = (path: string, headers: Record<string, string> = {}, body?: string) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const req = client.request({ ":path": path, ...headers });
      let status = 0;
      let text = "";
      req.on("response", (got) => (status = Number(got[":status"])));
      req.setEncoding("utf8").on("data", (part: string) => {
        text += part;
        if (text.includes("event: sample")) req.close();
      });
      req.on("close", () => resolve({ status, text })).on("error", reject);
      req.end(body);
    });
  expect((await get("/")).text).toContain("<!doctype html>");
  const { csrf } = JSON.parse((await get("/api/session")).text) as { csrf: string };
  const act = (headers: Record<string, string>) =>
    get(
      "/api/bans",
      { ":method": "POST", "x-bunker-csrf": csrf, "content-type": "application/json", ...headers },
      '{"address":"198.51.100.1"}',
    );
  expect((await act({ origin: "https://evil.example" })).status).toBe(403);
  expect((await act({ origin })).status).toBe(201);
  expect((await get("/api/bans/export?format=text")).text).toBe("198.51.100.1\n");
  const stream = await get("/api/stream");
  expect([stream.status, stream.text.includes("event: sample")]).toEqual([200, true]);
  expect(await guard.bans.list()).toHaveLength(1);
});

test("two dashboards on one guard show the same, and each may be closed in any order, also after the guard", async () => {
  const { page, guard } = made();
  const other = dashboard({ bunker: guard, authorize: () => true });
  const url = await serve((req, res) => {
    const [, which = ""] = (req.url ?? "").split("/", 2);
    req.url = (req.url ?? "").slice(which.length + 1);
    (which === "a" ? page : other)(req, res, () => undefined);
  });
  await guard.bans.add("198.51.100.1");
  const banned = async (which: string) =>
    ((await ask(url, `/${which}/api/overview`)).json as unknown as { counts: { now: { banned: number } } })
      .counts.now.banned;
  expect([await banned("a"), await banned("b")]).toEqual([1, 1]);
  await page.close();
  await guard.bans.add("198.51.100.2");
  expect(await banned("b")).toBe(2);
  await guard.close();
  await other.close();
  await page.close();
  for (const path of ["/a/api/overview", "/a/api/bans", "/a/api/settings", "/b/api/session", "/b/"])
    expect([200, 503]).toContain((await ask(url, path)).status);
});

test("a request line that is nonsense ends in a response", async () => {
  const { page } = made();
  const url = new URL(
    await serve((req, res) => {
      page(req, res, () => undefined);
    }),
  );
  for (const line of ["GET * HTTP/1.1", "OPTIONS * HTTP/1.1", "GET //evil.example/%2e HTTP/1.1"]) {
    const socket = createConnection(Number(url.port), url.hostname);
    socket.write(`${line}\r\nHost: a\r\nConnection: close\r\n\r\n`);
    let text = "";
    for await (const chunk of socket.setEncoding("utf8")) text += String(chunk);
    expect([line, /^HTTP\/1\.1 (?:400|404|405) /.test(text)]).toEqual([line, true]);
    expect(text).not.toMatch(/location:/i);
  }
});
