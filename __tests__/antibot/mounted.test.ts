import connect from "connect";
import express, { type Express } from "express";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { antibot, bunker, MemoryStore, type Antibot, type AntibotOptions } from "../../src/index.js";
import { ask, browse, Jar, NAVIGATION } from "../support/ask.js";
import { serve, type Served } from "../support/hosts.js";
import { openChallenge, post, solve, workOf } from "../support/work.js";

const SECRET = "a secret of enough characters";
// eslint-disable-next-line @typescript-eslint/no-require-imports
const express4 = require("express4") as typeof express;

let served: Served | undefined;

afterEach(async () => {
  await served?.close();
  served = undefined;
});

function gate(options: Partial<AntibotOptions> = {}): Antibot {
  return antibot({
    challenge: "javascript",
    difficulty: 16,
    logger: false,
    store: new MemoryStore(),
    sessions: { secret: SECRET },
    ...options,
  });
}

const guard = (): ReturnType<typeof bunker> =>
  bunker({
    logger: false,
    store: new MemoryStore(),
    antibot: { challenge: "javascript", difficulty: 16 },
  });

const originalUrl = (req: object): string => (req as { originalUrl: string }).originalUrl;

/** An app that answers 404 outside of /admin, as real ones do. */
function below(app: Express, mount: (app: Express) => void): Express {
  mount(app);
  app.use("/admin", (req, res) => void res.end(`admin: ${originalUrl(req)}`));
  app.get("/", (_req, res) => void res.end("front"));
  return app;
}

const connectApp = (): RequestListener => {
  const app = connect();
  app.use("/admin", guard());
  app.use("/admin", (req, res) => res.end(`admin: ${originalUrl(req)}`));
  app.use((req: IncomingMessage, res) => {
    res.statusCode = req.url === "/" ? 200 : 404;
    res.end("front");
  });
  return app;
};

const APPS: [string, () => RequestListener][] = [
  ["Express 5: app.use(path, bunker())", () => below(express(), (app) => app.use("/admin", guard()))],
  ["Express 5: app.use(path, antibot())", () => below(express(), (app) => app.use("/admin", gate()))],
  ["Express 4: app.use(path, bunker())", () => below(express4(), (app) => app.use("/admin", guard()))],
  [
    "Express 5: in a router",
    () =>
      below(express(), (app) => {
        const router = express.Router();
        router.use(guard());
        app.use("/admin", router);
      }),
  ],
  [
    "Express 5: in an app below another",
    () =>
      below(express(), (app) => {
        const inner = express();
        inner.use(gate());
        app.use("/admin", inner);
      }),
  ],
  [
    "Express 5: the router apart",
    () =>
      below(express(), (app) => {
        const one = gate();
        const router = express.Router();
        router.use(one.uri, one.router);
        router.use(one);
        app.use("/admin", router);
      }),
  ],
  [
    "Express 5: a uri that names the path itself",
    () => below(express(), (app) => app.use("/admin", gate({ uri: "/admin/challenge" }))),
  ],
  ["Connect 3: app.use(path, bunker())", connectApp],
];

describe.each(APPS)("a gate mounted below a path serves its challenge there: %s", (_name, app) => {
  test("a visitor is led to it, solves it and arrives", async () => {
    served = await serve(app());
    const { url } = served;
    expect((await ask(url, "/", { headers: NAVIGATION })).text).toBe("front");
    const jar = new Jar();
    const page = await openChallenge(url, "/admin/users?page=2", jar);
    const work = workOf(page.text);
    expect([page.status, work.action]).toEqual([200, "/admin/challenge"]);
    expect(page.text).toContain(`action="/admin/challenge"`);
    expect(page.text).toMatch(/href="\/admin\/challenge\?to=/);
    const got = await post(url, work.action, { state: work.state, challenge: solve(work) }, jar);
    expect([got.status, got.json]).toEqual([200, { location: "/admin/users?page=2" }]);
    // The pass is a cookie of the whole site, so that `__Host-` is possible and one pass is enough.
    expect(got.headers["set-cookie"]).toEqual([expect.stringContaining("Path=/;")]);
    jar.take(got);
    const arrived = await ask(url, "/admin/users?page=2", { headers: { ...NAVIGATION, ...jar.header } });
    expect([arrived.status, arrived.text]).toEqual([200, "admin: /admin/users?page=2"]);
  });

  test("programs are told the path, and its files are there", async () => {
    served = await serve(app());
    const { url } = served;
    const told = await ask(url, "/admin/api", { headers: { Accept: "application/json" } });
    expect([told.status, told.json["challenge"]]).toEqual([403, "/admin/challenge"]);
    const script = await ask(url, "/admin/challenge/fetch.js");
    expect([script.status, script.headers["content-type"]]).toEqual([200, "text/javascript; charset=utf-8"]);
    // Outside, the path belongs to the app.
    expect((await ask(url, "/challenge", { headers: NAVIGATION })).status).toBe(404);
  });
});

test("a kept form and the captcha's picture are served below the path, too", async () => {
  served = await serve(below(express(), (app) => app.use("/admin", gate())));
  const jar = new Jar();
  const form = await ask(served.url, "/admin/save", {
    method: "POST",
    headers: {
      ...NAVIGATION,
      "Content-Type": "application/x-www-form-urlencoded",
      "Sec-Fetch-Site": "same-origin",
    },
    body: "word=one",
  });
  jar.take(form);
  expect(workOf(form.text).action).toBe("/admin/challenge/form");
  const captcha = gate({ challenge: "captcha" });
  await served.close();
  served = await serve(below(express(), (app) => app.use("/admin", captcha)));
  const page = await openChallenge(served.url, "/admin/x", new Jar());
  const picture = /<img class="captcha" src="(\/admin\/challenge\/image\?state=[\w-]+)"/.exec(page.text)?.[1];
  const got = await ask(served.url, picture as string);
  expect([got.status, got.headers["content-type"]]).toEqual([200, "image/png"]);
});

test("require() leads to where the gate is served, however deep it is mounted itself", async () => {
  const root = gate({ challenge: "cookie" });
  const app = express();
  app.use(root);
  const api = express.Router();
  api.use("/keys", root.require("javascript"));
  api.post("/orders", root.require("javascript"));
  api.use((_req, res) => void res.end("in"));
  app.use("/api", api);
  served = await serve(app);
  const jar = new Jar();
  const steps = await browse(served.url, "/api/list", { jar });
  expect(steps.at(-1)!.text).toBe("in");
  const program = { Accept: "application/json", ...jar.header };
  for (const [method, path] of [
    ["GET", "/api/keys/1"],
    ["POST", "/api/orders"],
  ] as const)
    expect((await ask(served.url, path, { method, headers: program })).json["challenge"]).toBe("/challenge");
  await served.close();

  // Alone it serves the challenge itself.
  const alone = gate();
  const other = express();
  other.use("/api", alone.require("javascript"), (_req, res) => void res.end("in"));
  served = await serve(other);
  const work = workOf((await openChallenge(served.url, "/api/list", new Jar())).text);
  expect(work.action).toBe("/api/challenge");
  await served.close();

  // And below a mounted gate it uses that one's.
  const admin = gate({ challenge: "cookie" });
  const nested = express();
  const router = express.Router();
  router.use(admin);
  router.get("/keys", admin.require("javascript"), (_req, res) => void res.end("keys"));
  nested.use("/admin", router);
  served = await serve(nested);
  const page = await openChallenge(served.url, "/admin/keys", new Jar());
  expect(workOf(page.text).action).toBe("/admin/challenge");
});

test("R13 a mount point with a parameter is the client's text: no Location leads out of the site", async () => {
  const app = express();
  app.use("/:tenant", gate({ challenge: "cookie" }), (req, res) => void res.end(originalUrl(req)));
  const { port } = (served = await serve(app));
  // As it is on the wire: URL parsers would tidy it up.
  const { connect: open } = await import("node:net");
  const send = (target: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = open(port, "127.0.0.1");
      let text = "";
      socket.on("data", (chunk) => (text += chunk.toString("latin1")));
      socket.on("error", reject).on("close", () => resolve(text));
      socket.end(
        `GET ${target} HTTP/1.1\r\nHost: site.test\r\nAccept: text/html\r\nConnection: close\r\n\r\n`,
      );
    });
  for (const target of [
    "/\\evil.test/x",
    "//evil.test/x",
    "/%5cevil.test/x",
    "/%2fevil.test/x",
    "/..%2f/x",
    "/%00/x",
    `/${"a".repeat(4000)}/x`,
    "http://evil.test/acme/x",
  ]) {
    const location = /^location: (.*)\r$/im.exec(await send(target))?.[1] ?? "none";
    expect([target.slice(0, 40), location]).toEqual([
      target.slice(0, 40),
      expect.stringMatching(/^(?:none|(?:\/acme)?\/challenge(?:\?to=[\w-]+)?)$/),
    ]);
  }
  const jar = new Jar();
  const umlaut = await browse(served.url, "/b%C3%BCro/x", { jar });
  expect(umlaut.map(({ headers }) => headers.location?.split("?")[0])).toEqual([
    "/b%C3%BCro/challenge",
    "/b%C3%BCro/x",
    undefined,
  ]);
});

test("an upgrade is told the challenge's path where the gate is mounted", async () => {
  const one = guard();
  const app = express();
  app.use("/admin", one);
  const server = createServer(app);
  one.guard(server);
  server.on("upgrade", (_req, socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  served = {
    port: (server.address() as { port: number }).port,
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  await ask(served.url, "/admin/page", { headers: NAVIGATION });
  const told = await ask(served.url, "/admin/socket", {
    headers: { Connection: "Upgrade", Upgrade: "websocket" },
  });
  expect([told.status, told.json["challenge"]]).toEqual([403, "/admin/challenge"]);
});
