import express, { type Express } from "express";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { bunker, MemoryStore, type Bunker, type BunkerOptions, type Middleware } from "../../src/index.js";
import { ask, browse, Jar } from "../support/ask.js";
import { plainSite } from "../support/hosts.js";

const VISITOR = "8.8.8.8";
const SWITCHED = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n";
const servers: Server[] = [];
const guards: Bunker[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  for (const guard of guards.splice(0)) await guard.close();
});

function guarded(options: BunkerOptions = {}): Bunker {
  const guard = bunker({ store: new MemoryStore(), logger: false, bunkernet: false, ...options });
  guards.push(guard);
  return guard;
}

// The app alone knows its proxies.
function appBehind(trust: unknown, guard: Middleware): Express {
  const app = express();
  app.set("trust proxy", trust);
  app.use(guard);
  app.use(plainSite);
  return app;
}

async function listen(server: Server): Promise<string> {
  servers.push(server);
  server.on("connection", (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const takeAll = (server: Server): void =>
  void server.on("upgrade", (_req, socket: Socket) => socket.write(SWITCHED));

/** The status of an upgrade by a client behind the proxy; 0 = dropped. */
function upgrade(url: string, from: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    const lines = Object.entries({
      Host: "site.test",
      Upgrade: "websocket",
      Connection: "Upgrade",
      "X-Forwarded-For": from,
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET /socket.io/?transport=websocket HTTP/1.1\r\n${lines.join("")}\r\n`);
    socket.once("data", (chunk) => {
      resolve(Number(chunk.toString().split(" ", 2)[1]));
      socket.destroy();
    });
    socket.on("error", () => undefined).once("close", () => resolve(0));
  });
}

describe("R10 upgrades see the client that the middleware sees, under Express's trust proxy", () => {
  test.each([["loopback"], [1], ["loopback, 10.0.0.0/8"]] as const)(
    "R10 trust proxy %s: before any request a banned client's upgrade is refused, another's is let through",
    async (trust) => {
      const guard = guarded();
      const server = createServer(appBehind(trust, guard));
      guard.guard(server);
      takeAll(server);
      const url = await listen(server);
      await guard.bans.add(VISITOR);
      expect(await upgrade(url, VISITOR)).toBe(403);
      expect(await upgrade(url, "9.9.9.9")).toBe(101);
    },
  );

  test("R10 a visitor with a pass gets through, one without does not", async () => {
    const guard = guarded({ antibot: { challenge: "cookie" } });
    const server = createServer(appBehind("loopback", guard));
    guard.guard(server);
    takeAll(server);
    const url = await listen(server);
    const jar = new Jar();
    await browse(url, "/", { jar, from: VISITOR });
    expect(await upgrade(url, VISITOR, jar.header as { Cookie: string })).toBe(101);
    expect(await upgrade(url, VISITOR)).toBe(403);
    expect(await upgrade(url, "99.9.9.9", jar.header as { Cookie: string })).toBe(403);
  });

  test("R10 an app behind a listener of one's own is known from its first request, or when it is given", async () => {
    const start = async (give: boolean): Promise<{ guard: Bunker; url: string }> => {
      const guard = guarded();
      const app = appBehind("loopback", guard);
      const server = createServer((req, res) => void app(req, res));
      guard.guard(server, give ? { app } : {});
      takeAll(server);
      const url = await listen(server);
      await guard.bans.add(VISITOR);
      return { guard, url };
    };
    const learning = await start(false);
    expect(await upgrade(learning.url, VISITOR)).toBe(101);
    expect((await ask(learning.url, "/", { from: "9.9.9.9" })).status).toBe(200);
    expect(await upgrade(learning.url, VISITOR)).toBe(403);
    const given = await start(true);
    expect(await upgrade(given.url, VISITOR)).toBe(403);
  });

  test("R10 upgrade() in one's own listener sees the same client", async () => {
    const guard = guarded();
    const server = createServer(appBehind("loopback", guard));
    server.on("upgrade", (req, socket: Socket, head) => {
      void Promise.resolve(guard.upgrade(req, socket, head)).then((ok) => ok && socket.write(SWITCHED));
    });
    const url = await listen(server);
    await guard.bans.add(VISITOR);
    expect(await upgrade(url, VISITOR)).toBe(403);
    expect(await upgrade(url, "9.9.9.9")).toBe(101);
  });

  test("R10 for each service: its bans and its mode", async () => {
    const guard = guarded({ services: { "a.test": {}, "b.test": {}, "c.test": { mode: "detect" } } });
    const server = createServer(appBehind("loopback", guard));
    guard.guard(server);
    takeAll(server);
    const url = await listen(server);
    for (const service of ["a.test", "c.test"]) await guard.bans.add(VISITOR, { service });
    expect(await upgrade(url, VISITOR, { Host: "a.test" })).toBe(403);
    expect(await upgrade(url, VISITOR, { Host: "b.test" })).toBe(101);
    expect(await upgrade(url, VISITOR, { Host: "c.test" })).toBe(101);
    expect(await upgrade(url, VISITOR, { Host: "d.test" })).toBe(403);
  });

  test("R10 one app's trust is not taken for another server's", async () => {
    const guard = guarded();
    const url = await listen(createServer(appBehind("loopback", guard)));
    expect((await ask(url, "/", { from: "9.9.9.9" })).status).toBe(200);
    const inner = createServer();
    guard.guard(inner);
    takeAll(inner);
    const innerUrl = await listen(inner);
    await guard.bans.add(VISITOR);
    // Nothing forwards to this server: the header is the client's own.
    expect(await upgrade(innerUrl, VISITOR)).toBe(101);
  });

  test("R10 an app mounted in another does not change the trust of the server's upgrades", async () => {
    const guard = guarded({ banLocal: true });
    const outer = express();
    outer.use("/inner", appBehind("loopback", guard));
    outer.use(guard, plainSite);
    const server = createServer((req, res) => void outer(req, res));
    guard.guard(server);
    takeAll(server);
    const url = await listen(server);
    await guard.bans.add("127.0.0.1", { force: true });
    expect((await ask(url, "/inner/", { from: "9.9.9.9" })).status).not.toBe(403);
    expect((await ask(url, "/", { from: "9.9.9.9" })).status).toBe(403);
    expect((await ask(url, "/inner/", { from: "9.9.9.9" })).status).not.toBe(403);
    expect(await upgrade(url, "9.9.9.9")).toBe(403);
  });

  test("R10 connections of the app's proxy are not judged as a client's", async () => {
    const guard = guarded();
    const server = createServer(appBehind(1, guard));
    guard.guard(server, { connections: true });
    const url = await listen(server);
    await guard.bans.add("127.0.0.1", { force: true });
    expect((await ask(url, "/", { from: VISITOR })).status).toBe(200);
  });

  test("`app` that is not an Express app is a wrong option", () => {
    const guard = guarded();
    for (const app of [{}, createServer(), { get: () => undefined }, "app"])
      expect(() => guard.guard(createServer(), { app: app as never })).toThrow(/app: got .*an Express app/);
  });
});

/**
 * What engine.io does with a server (packages/engine.io/lib/server.ts): it takes the listeners of `request` away and keeps its own
 * path for itself, so that no Express middleware sees polling; `use` adds middleware for polling and for upgrades, which get a
 * stand-in for a response.
 */
class EngineLike {
  private readonly middlewares: Middleware[] = [];

  constructor(server: Server) {
    const listeners = server.listeners("request") as ((req: IncomingMessage, res: ServerResponse) => void)[];
    server.removeAllListeners("request");
    server.on("request", (req: IncomingMessage, res: ServerResponse) => {
      if (req.url?.startsWith("/socket.io/") !== true) for (const listener of listeners) listener(req, res);
      else this.run(req, res, () => res.end("0{}"));
    });
    server.on("upgrade", (req: IncomingMessage, socket: Socket) => {
      const standIn = { setHeader() {}, getHeader() {}, removeHeader() {}, write() {}, writeHead() {} };
      const response = Object.assign(standIn, { req, socket, end: () => socket.destroy() });
      this.run(req, response as unknown as ServerResponse, () => socket.write(SWITCHED));
    });
  }

  use(middleware: Middleware): void {
    this.middlewares.push(middleware);
  }

  private run(req: IncomingMessage, res: ServerResponse, done: () => void): void {
    const step = (index: number): void => {
      const middleware = this.middlewares[index];
      if (middleware === undefined) done();
      else middleware(req, res, (error) => (error === undefined ? step(index + 1) : res.end()));
    };
    step(0);
  }
}

describe.each(["guard before socket.io", "socket.io before guard, which is given the app", "no guard"])(
  "R10 socket.io with io.engine.use: %s",
  (order) => {
    const POLLING = "/socket.io/?EIO=4&transport=polling";

    async function site(options: BunkerOptions = {}): Promise<{ guard: Bunker; url: string }> {
      const guard = guarded(options);
      const app = appBehind("loopback", guard);
      const server = createServer(app);
      if (order === "guard before socket.io") guard.guard(server);
      const engine = new EngineLike(server);
      if (order.startsWith("socket.io before")) guard.guard(server, { app });
      engine.use(guard);
      const url = await listen(server);
      // Without a guard, the first request to the app shows its trust.
      if (order === "no guard") await ask(url, "/", { from: "9.9.9.9" });
      return { guard, url };
    }

    test("R10 polling and upgrades of a banned client are refused, others' are let through", async () => {
      const { guard, url } = await site();
      await guard.bans.add(VISITOR);
      expect((await ask(url, POLLING, { from: VISITOR })).status).toBe(403);
      expect((await ask(url, POLLING, { from: "9.9.9.9" })).text).toBe("0{}");
      expect(await upgrade(url, VISITOR)).toBe(403);
      expect(await upgrade(url, "9.9.9.9")).toBe(101);
    });

    test("R10 a visitor with a pass polls and upgrades, one without is told to solve the challenge", async () => {
      const { url } = await site({ antibot: { challenge: "cookie" } });
      const jar = new Jar();
      await browse(url, "/", { jar, from: VISITOR });
      const cookie = jar.header as { Cookie: string };
      expect((await ask(url, POLLING, { from: VISITOR, headers: cookie })).text).toBe("0{}");
      expect(await upgrade(url, VISITOR, cookie)).toBe(101);
      expect((await ask(url, POLLING, { from: VISITOR })).json["type"]).toBe("urn:express-bunker:challenge");
      expect(await upgrade(url, VISITOR)).toBe(403);
    });
  },
);
