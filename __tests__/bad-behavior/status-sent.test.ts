import { createServer as createHttp2Server, connect, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { badBehavior, MemoryStore, type Middleware } from "../../src/index.js";
import { ask } from "../support/ask.js";
import { EXPRESS, plainSite, serve } from "../support/hosts.js";
import { until } from "../support/until.js";

// @fastify/express defines it so on every response: true only once Express itself has responded, which it does not for
// Fastify's own routes.
const likeFastifyExpress: Middleware = (_req, res, next) => {
  Object.defineProperty(res, "headersSent", { configurable: true, enumerable: true, get: () => false });
  next();
};

test("R23 a response counts where the host redefines headersSent (@fastify/express)", async () => {
  const guard = badBehavior({ store: new MemoryStore(), logger: false, threshold: 2 });
  const served = await serve(EXPRESS.app([likeFastifyExpress, guard], plainSite));
  try {
    const statuses = [];
    for (let i = 0; i < 3; i++)
      statuses.push((await ask(served.url, "/missing", { from: "9.9.9.9" })).status);
    expect(statuses).toEqual([404, 404, 403]);
  } finally {
    await served.close();
  }
});

test("R23 a response counts where the host redefines headersSent of HTTP/2 responses", async () => {
  const guard = badBehavior({ store: new MemoryStore(), logger: false, threshold: 1, banLocal: true });
  const server: Http2Server = createHttp2Server((req, res) => {
    Object.defineProperty(res, "headersSent", { configurable: true, get: () => false });
    guard(req as never, res as never, () => {
      res.writeHead(404);
      res.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    client.request({ ":path": "/" }).resume();
    await until(async () => (await guard.bans.list()).length === 1);
  } finally {
    client.destroy();
    server.close();
  }
});
