import diagnostics from "node:diagnostics_channel";
import {
  createServer,
  OutgoingMessage,
  ServerResponse,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { connect, type AddressInfo, type Server as NetServer, type Socket } from "node:net";
import express from "express";
import fc from "fast-check";
import { badBehavior, MemoryStore, type BadBehavior } from "../../src/index.js";
import { RequestView, viewOf, watchEnds } from "../../src/request/request-view.js";
import type { Client } from "../../src/request/client.js";
import { until } from "../support/until.js";

const CLIENT = Object.create(null) as Client;

const stops: (() => unknown)[] = [];
let engineEnds: () => void;
beforeEach(() => (engineEnds = watchEnds()));
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  engineEnds();
});

/** What was told of each path, in order. */
class Told {
  readonly of = new Map<string, string[]>();
  /** How many responses were watched. */
  watched = 0;

  /** Watches a response as a middleware does. */
  watch(req: IncomingMessage, res: ServerResponse): void {
    this.watched++;
    viewOf(req).watch(
      {
        responseEnded: (_client, { url }, status) => this.add(url, String(status)),
        clientLeft: (_client, { url }) => this.add(url, "left"),
        failed: () => false,
      },
      CLIENT,
      res,
    );
  }

  add(url: string, what: string): void {
    this.of.set(url, [...(this.of.get(url) ?? []), what]);
  }

  get total(): number {
    return [...this.of.values()].reduce((sum, all) => sum + all.length, 0);
  }
}

async function listen(server: NetServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => {
    (server as unknown as Partial<Server>).closeAllConnections?.();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const get = (path: string, method = "GET"): string =>
  `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`;

/** A connection that reads all and notices when it is closed. */
async function open(port: number): Promise<{ socket: Socket; text: () => string; isClosed: () => boolean }> {
  let text = "";
  let closed = false;
  const socket = connect(port, "127.0.0.1");
  stops.push(() => socket.destroy());
  socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
  socket.on("error", () => undefined).on("close", () => (closed = true));
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
  return { socket, text: () => text, isClosed: () => closed };
}

/** A server that watches every response and holds it. */
async function holding(told: Told): Promise<{ held: ServerResponse[]; port: number }> {
  const held: ServerResponse[] = [];
  const port = await listen(
    createServer((req, res) => {
      told.watch(req, res);
      held.push(res);
    }),
  );
  return { held, port };
}

describe("R23 the end of a response", () => {
  test("is told without a listener on it, once, as soon as it is sent", async () => {
    const told = new Told();
    const listeners: number[] = [];
    const port = await listen(
      createServer((req, res) => {
        const before = res.listenerCount("close");
        told.watch(req, res);
        listeners.push(res.listenerCount("close") - before);
        res.statusCode = Number((req.url ?? "").slice(1));
        res.end(req.method === "HEAD" ? undefined : "x");
      }),
    );
    const { socket, isClosed } = await open(port);
    const paths = ["200", "204", "304", "404", "500"];
    for (const [index, path] of paths.entries()) {
      socket.write(get(`/${path}`, index === 3 ? "HEAD" : "GET"));
      await until(() => told.total === index + 1);
    }
    socket.destroy();
    await until(isClosed);
    expect(Object.fromEntries(told.of)).toEqual(
      Object.fromEntries(paths.map((path) => [`/${path}`, [path]])),
    );
    expect(listeners).toEqual([0, 0, 0, 0, 0]);
  });

  test("is told once each of 100 pipelined requests, all answered or all left", async () => {
    for (const answers of [true, false]) {
      const told = new Told();
      const { held, port } = await holding(told);
      const { socket, isClosed } = await open(port);
      socket.write(Array.from({ length: 100 }, (_, i) => get(`/${i}`)).join(""));
      await until(() => held.length === 100);
      // The last first: all but one wait for the first.
      if (answers) for (const res of [...held].reverse()) res.writeHead(404).end();
      else socket.destroy();
      await until(() => told.total === 100);
      socket.destroy();
      await until(isClosed);
      expect([...told.of.values()]).toEqual(Array(100).fill([answers ? "404" : "left"]));
    }
  });

  test("of a queued response that has its status when the client leaves is that status", async () => {
    const told = new Told();
    const { held, port } = await holding(told);
    const { socket } = await open(port);
    socket.write(get("/1") + get("/2") + get("/3"));
    await until(() => held.length === 3);
    held[1]?.writeHead(401).end();
    socket.destroy();
    await until(() => told.total === 3);
    expect(Object.fromEntries(told.of)).toEqual({ "/1": ["left"], "/2": ["401"], "/3": ["left"] });
  });

  test("that is broken off after its headers is its status; res.destroy() before them is a client that left", async () => {
    const told = new Told();
    const port = await listen(
      createServer((req, res) => {
        told.watch(req, res);
        if (req.url === "/headers") res.writeHead(403).write("part");
        setImmediate(() => res.destroy());
      }),
    );
    for (const path of ["/headers", "/none"]) {
      const { socket, isClosed } = await open(port);
      socket.write(get(path));
      await until(isClosed);
    }
    expect(Object.fromEntries(told.of)).toEqual({ "/headers": ["403"], "/none": ["left"] });
  });

  test("is not told where the app takes the connection over, and the next responses of the connection are", async () => {
    const told = new Told();
    const port = await listen(
      createServer((req, res) => {
        told.watch(req, res);
        if (req.url !== "/taken") {
          res.end("x");
          return;
        }
        const { socket } = req;
        res.detachSocket(socket);
        socket.end("HTTP/1.1 200 OK\r\n\r\n");
      }),
    );
    const { socket, isClosed } = await open(port);
    socket.write(get("/before"));
    await until(() => told.total === 1);
    socket.write(get("/taken"));
    await until(isClosed);
    expect(Object.fromEntries(told.of)).toEqual({ "/before": ["200"] });
  });

  test("is told of responses that the app makes itself, with and without a connection", async () => {
    const told = new Told();
    const own: ServerResponse[] = [];
    const server = createServer();
    server.on("upgrade", (req: IncomingMessage, socket: Socket) => {
      socket.resume().once("end", () => socket.destroy());
      const res = new ServerResponse(req);
      if (req.url !== "/unassigned") res.assignSocket(socket);
      told.watch(req, res);
      own.push(res);
      if (req.url === "/sent") {
        res.shouldKeepAlive = false;
        res.on("finish", () => {
          res.detachSocket(socket);
          res.emit("close");
          socket.end();
        });
        res.writeHead(404).end();
      }
    });
    const port = await listen(server);
    for (const path of ["/sent", "/leaves", "/unassigned"]) {
      const { socket } = await open(port);
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n`);
      await until(() => own.length > 0 && own.at(-1)?.req.url === path);
      if (path !== "/sent") socket.destroy();
      await until(() => told.of.has(path));
    }
    expect(Object.fromEntries(told.of)).toEqual({
      "/sent": ["404"],
      "/leaves": ["left"],
      "/unassigned": ["left"],
    });
  });

  test("is told of HTTP/2 streams that are answered and that are left", async () => {
    const told = new Told();
    const held: { end(): void; stream: { closed: boolean } }[] = [];
    const server = createHttp2Server((req, res) => {
      told.watch(req as never, res as never);
      if (req.url === "/held") held.push(res);
      else res.writeHead(404).end();
    });
    const port = await listen(server);
    const client = connectHttp2(`http://127.0.0.1:${port}`);
    stops.push(() => client.destroy());
    client.request({ ":path": "/sent" }).resume();
    const left = client.request({ ":path": "/held" });
    left.on("error", () => undefined);
    await until(() => held.length === 1 && told.of.has("/sent"));
    left.destroy();
    await until(() => told.of.has("/held"));
    expect(Object.fromEntries(told.of)).toEqual({ "/sent": ["404"], "/held": ["left"] });
  });

  test("is told through a proxy object around request and response, and nothing is kept of them", async () => {
    const told = new Told();
    let connection: Socket | undefined;
    const wrap = <T extends object>(inner: T): T =>
      new Proxy(inner, { get: (target, name) => Reflect.get(target, name, target) as unknown });
    const port = await listen(
      createServer((req, res) => {
        connection = req.socket;
        told.watch(wrap(req), wrap(res));
        res.end("x");
      }),
    );
    const { socket } = await open(port);
    for (let i = 0; i < 10; i++) {
      socket.write(get(`/${i}`));
      await until(() => told.total === i + 1);
    }
    const kept = Object.getOwnPropertySymbols(connection)
      .filter((symbol) => symbol.description === "express-bunker open responses")
      .map((symbol) =>
        (connection as unknown as Record<symbol, { takeAll(): unknown[] }>)[symbol]?.takeAll(),
      );
    expect(kept).toEqual([[]]);
  });

  test("is told when the client was gone before the first middleware saw the request", async () => {
    const told = new Told();
    const port = await listen(
      createServer((req, res) => {
        req.socket.once("close", () =>
          setImmediate(() => {
            told.watch(req, res);
            setTimeout(() => res.writeHead(401).end(), 20);
          }),
        );
        req.socket.destroy();
      }),
    );
    const { socket } = await open(port);
    socket.write(get("/gone"));
    await until(() => told.total === 1);
    expect(told.of.get("/gone")).toEqual(["left"]);
  });
});

/** How a response goes on. */
type Course = "end" | "write" | "writeHead" | "never" | "destroy";

test("R23 the end of every response is told as by a listener on each, whatever app and client do", async () => {
  const course = fc.constantFrom<Course>("end", "end", "end", "write", "writeHead", "never", "destroy");
  const connections = fc.array(
    fc.record({
      requests: fc.array(fc.record({ course, delayed: fc.boolean() }), { minLength: 1, maxLength: 6 }),
      pipelined: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(connections, async (scripts) => {
      const told = new Told();
      const expected = new Told();
      const courses = new Map<string, { course: Course; delayed: boolean }>();
      const onSocket = new WeakSet<object>();
      const queues = new Map<object, Set<ServerResponse>>();
      const over = new WeakSet<ServerResponse>();
      const longWay = (res: ServerResponse): void => {
        if (over.has(res)) return;
        over.add(res);
        expected.add(res.req.url ?? "", res.headersSent ? String(res.statusCode) : "left");
      };
      const handler: RequestListener = (req, res) => {
        // The long way: a listener on each response, and one on the connection for those that wait behind another.
        const { socket } = req;
        res.on("close", () => longWay(res));
        if (res.socket === null) queues.set(socket, (queues.get(socket) ?? new Set()).add(res));
        if (!onSocket.has(socket)) {
          onSocket.add(socket);
          socket.once("close", () => [...(queues.get(socket) ?? [])].forEach(longWay));
        }
        told.watch(req, res);
        const { course, delayed } = courses.get(req.url ?? "") as { course: Course; delayed: boolean };
        const go = (): void => {
          res.statusCode = 404;
          if (course === "end") res.end("x");
          else if (course === "write") res.write("x");
          else if (course === "writeHead") res.writeHead(410).flushHeaders();
          else if (course === "destroy") res.destroy();
        };
        if (delayed) setImmediate(go);
        else go();
      };
      const server = createServer(handler);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      for (const [number, { requests, pipelined }] of scripts.entries()) {
        const { socket } = await open(port);
        const paths = requests.map((request, index) => {
          courses.set(`/${number}/${index}`, request);
          return `/${number}/${index}`;
        });
        if (pipelined) socket.write(paths.map((path) => get(path)).join(""));
        else
          for (const path of paths) {
            socket.write(get(path));
            await new Promise((resolve) => setImmediate(resolve));
          }
        await new Promise((resolve) => setTimeout(resolve, 2));
        socket.destroy();
      }
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await until(() => expected.total >= told.watched && told.total >= told.watched);
      expect(new Map([...told.of].sort())).toEqual(new Map([...expected.of].sort()));
    }),
    { numRuns: 60 },
  );
});

describe("Node's channel of finished responses", () => {
  test("has a subscriber of ours from the first request until close(), and until the responses open then have ended", async () => {
    engineEnds();
    // Other copies of the package in this process have subscribers of their own.
    const subscribe = jest.spyOn(diagnostics, "subscribe");
    const unsubscribe = jest.spyOn(diagnostics, "unsubscribe");
    stops.push(() => jest.restoreAllMocks());
    const calls = (): [number, number] => [subscribe.mock.calls.length, unsubscribe.mock.calls.length];
    const guard = badBehavior({ logger: false, store: new MemoryStore() });
    const held: ServerResponse[] = [];
    const app = express().use(guard);
    app.get("/held", (_req, res) => void held.push(res));
    app.get("/", (_req, res) => void res.end("x"));
    const port = await listen(createServer(app));
    expect(calls()).toEqual([0, 0]);
    const { socket, text } = await open(port);
    socket.write(get("/"));
    await until(() => text().includes("200 OK"));
    socket.write(get("/held"));
    await until(() => held.length === 1);
    await guard.close();
    expect(calls()).toEqual([1, 0]);
    held[0]?.end("x");
    await until(() => calls()[1] === 1);
    expect(unsubscribe.mock.calls[0]).toEqual(subscribe.mock.calls[0]);
    expect(unsubscribe.mock.results[0]?.value).toBe(true);
  });

  test("of a process with other servers changes nothing for them, and an observer that throws does not end it", async () => {
    const port = await listen(
      createServer((req, res) => {
        if (req.url === "/watched")
          viewOf(req).watch(
            {
              responseEnded: () => {
                throw new Error("observer");
              },
              clientLeft: () => undefined,
              failed: () => false,
            },
            CLIENT,
            res,
          );
        res.end("x");
      }),
    );
    const { socket, text } = await open(port);
    for (const [index, path] of ["/watched", "/other", "/watched"].entries()) {
      socket.write(get(path));
      await until(() => text().split("200 OK").length === index + 2);
    }
    expect(viewOf({ headers: {}, rawHeaders: [] } as never)).toBeInstanceOf(RequestView);
  });

  test("R23 counts a response once for two middlewares on one store, and for each of two stores, at several mount points", async () => {
    const guards = [new MemoryStore(), new MemoryStore()].map((store) =>
      [1, 2].map(() =>
        badBehavior({ logger: false, store, threshold: 3, banLocal: true, trustProxy: false }),
      ),
    ) as [BadBehavior, BadBehavior][];
    const sub = express();
    for (const pair of guards) sub.use(pair[1]);
    const app = express();
    for (const pair of guards) app.use(pair[0]);
    app.use("/sub", sub);
    const port = await listen(createServer(app));
    const { socket, text } = await open(port);
    for (let i = 0; i < 4; i++) {
      socket.write(get("/sub/missing"));
      await until(() => text().split("HTTP/1.1 ").length === i + 2);
    }
    expect(text().match(/HTTP\/1\.1 \d+/g)).toEqual(
      [404, 404, 404, 403].map((status) => `HTTP/1.1 ${status}`),
    );
    for (const [guard] of guards) expect((await guard.bans.list()).map(({ ip }) => ip)).toHaveLength(1);
    for (const guard of guards.flat()) await guard.close();
  });
});

test("R23 every response frees its place in flight, for each of two stores", async () => {
  const guards = [1, 2].map(() =>
    badBehavior({ logger: false, store: new MemoryStore(), threshold: 1, banLocal: true, trustProxy: false }),
  );
  const app = express();
  for (const guard of guards) app.use(guard);
  app.use((_req, res) => void res.end("x"));
  const port = await listen(createServer(app));
  const { socket, text } = await open(port);
  for (let i = 0; i < 10; i++) {
    socket.write(get("/") + get("/"));
    await until(() => text().split("200 OK").length === 2 * i + 3);
  }
  for (const guard of guards) await guard.close();
});

test("Node's servers mark their responses, and those that apps make are not marked", async () => {
  const marks: unknown[] = [];
  const port = await listen(
    createServer((req, res) => {
      const own = new ServerResponse(req);
      for (const one of [res, own])
        marks.push((one as { _maxRequestsPerSocket?: unknown })._maxRequestsPerSocket);
      expect(res).toBeInstanceOf(OutgoingMessage);
      res.end();
    }),
  );
  const { socket } = await open(port);
  socket.write(get("/"));
  await until(() => marks.length === 2);
  expect(marks).toEqual([0, undefined]);
});
