import { spawnSync } from "node:child_process";
import { createServer as createHttp } from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StoreScope } from "../../src/store/store-scope.js";
import { BanIndex } from "../../src/bans/ban-index.js";
import { bunker, MemoryStore } from "../../src/index.js";
import { streamGuard, type StreamGuard } from "../../src/stream/index.js";
import { proxyV1 } from "./proxy-bytes.js";
import { until } from "../support/until.js";

const OPTIONS = { logger: false, bunkernet: false } as const;
const servers: Server[] = [];
const guards: { close(): Promise<void> }[] = [];
const clients: Socket[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  for (const guard of guards.splice(0)) await guard.close();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

// While it runs, this process accepts nothing: the reset is there before the connection is looked at.
function sendAndReset(port: number, text: string): void {
  const script = `
    const socket = require("node:net").connect(${port}, "127.0.0.1", () =>
      socket.write(${JSON.stringify(text)}, () => socket.resetAndDestroy()));
    socket.on("error", () => undefined);`;
  const { status } = spawnSync(process.execPath, ["-e", script], { timeout: 60_000 });
  if (status !== 0) throw new Error(`the client ended with ${status}`);
}

function askFor(port: number, path: string): Promise<string> {
  return new Promise((resolve) => {
    let got = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(`GET ${path} HTTP/1.0\r\n\r\n`));
    clients.push(socket);
    socket.on("data", (chunk) => (got += chunk.toString()));
    socket.on("error", () => undefined).on("close", () => resolve(got));
  });
}

test.each(["streamGuard", "bunker().guard"])(
  "a connection that was reset before it was accepted has nothing carried out in nobody's name: %s",
  async (by) => {
    const seen: (string | undefined)[] = [];
    const server = createHttp((req, res) => {
      seen.push(req.url);
      res.end("done");
    });
    if (by === "streamGuard") guards.push(streamGuard(server, { ...OPTIONS, store: new MemoryStore() }));
    else {
      const all = bunker({ ...OPTIONS, store: new MemoryStore() });
      all.guard(server, { connections: true });
      guards.push(all);
    }
    const port = await listen(server);
    sendAndReset(port, "POST /transfer HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    expect(await askFor(port, "/still-there")).toContain("done");
    expect(seen).toEqual(["/still-there"]);
  },
);

test("a unix socket's connections, which have no address, are let through", async () => {
  const folder = mkdtempSync(join(tmpdir(), "express-bunker-socket-"));
  try {
    const server = createServer((socket) => socket.end("hello"));
    const guard = streamGuard(server, { ...OPTIONS, store: new MemoryStore() });
    guards.push(guard);
    servers.push(server);
    const path = join(folder, "app.sock");
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const got = await new Promise<string>((resolve) => {
      const socket = connect(path).on("data", (chunk) => resolve(chunk.toString()));
      clients.push(socket);
    });
    expect(got).toBe("hello");
    expect(guard.status()).toMatchObject({ refused: 0, open: 0 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("R10 many bans at once cost one look at the open connections, and end those of the banned", async () => {
  const store = new MemoryStore();
  const server = createServer((socket) => socket.on("error", () => undefined));
  const guard: StreamGuard = streamGuard(server, {
    ...OPTIONS,
    store,
    proxyProtocol: { from: "127.0.0.1" },
  });
  guards.push(guard);
  const port = await listen(server);
  for (let index = 0; index < 20; index++) {
    const socket = connect(port, "127.0.0.1", () => socket.write(proxyV1(`8.8.8.${index}`)));
    socket.on("error", () => undefined).resume();
    clients.push(socket);
  }
  await until(() => guard.status().open === 20);
  const find = jest.spyOn(StoreScope.of(store).get(BanIndex), "find");
  for (let index = 0; index < 500; index++) await guard.bans.add(`9.9.${index >> 8}.${index & 255}`);
  await guard.bans.add("8.8.8.7");
  await until(() => guard.status().open === 19);
  // One look an open connection, not one a ban and connection (10 020).
  expect(find.mock.calls.length).toBeLessThan(1000);
  find.mockRestore();
});

test("R33 clients whose verdicts are slow shut out nobody else who comes through the same proxy", async () => {
  let asked = 0;
  const never = (): Promise<never> => {
    asked++;
    return new Promise(() => undefined);
  };
  const server = createServer((socket) => socket.on("error", () => undefined).end("hello"));
  const guard = streamGuard(server, {
    ...OPTIONS,
    store: new MemoryStore(),
    proxyProtocol: { from: "127.0.0.1" },
    dnsbl: { list: ["dnsbl.test"] },
    resolver: { resolve4: never, resolve6: never, resolveTxt: never, reverse: never },
    maxHeld: 1,
    holdTimeout: 60_000,
  });
  guards.push(guard);
  const port = await listen(server);
  const from = (ip: string): Promise<string> =>
    new Promise((resolve) => {
      let got = "";
      const socket = connect(port, "127.0.0.1", () => socket.write(proxyV1(ip)));
      clients.push(socket);
      socket.on("data", (chunk) => (got += chunk.toString()));
      socket.on("error", () => undefined).on("close", () => resolve(got));
    });
  void from("8.8.8.8");
  await until(() => asked > 0 && guard.status().held === 1);
  expect(await from("9.9.9.9")).toBe("hello");
  expect(guard.status()).toMatchObject({ held: 1, shed: 1, malformed: 0 });
});
