import { createServer, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { bunker, MemoryStore, type BunkerOptions } from "../../src/index.js";
import { ask, browse, Jar } from "../support/ask.js";
import { EXPRESS, plainSite } from "../support/hosts.js";

const VISITOR = "8.8.8.8";
let server: Server | undefined;
let upgrades = 0;
const sockets: Socket[] = [];
let warnings: string[] = [];

interface Guarded {
  guard: ReturnType<typeof bunker>;
  url: string;
  port: number;
}

// A server that takes every upgrade that reaches it and says so.
async function site(options: BunkerOptions = {}, wire = true): Promise<Guarded> {
  upgrades = 0;
  warnings = [];
  const logger = {
    info: () => undefined,
    warn: (text: string) => void warnings.push(text),
    error: () => undefined,
  };
  const guard = bunker({ logger, store: new MemoryStore(), ...options });
  server = createServer(EXPRESS.app([guard], plainSite));
  if (wire) guard.guard(server);
  server.on("connection", (socket) => sockets.push(socket));
  server.on("upgrade", (_req, socket: Socket) => {
    upgrades++;
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n");
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return { guard, port, url: `http://127.0.0.1:${port}` };
}

interface Upgraded {
  status: number;
  text: string;
  socket: Socket;
  closed: Promise<void>;
}

function upgrade(port: number, headers: Record<string, string> = {}): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const closed = new Promise<void>((done) => socket.once("close", () => done()));
    const lines = Object.entries({
      Host: "site.test",
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-Fetch-Mode": "websocket",
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET /socket HTTP/1.1\r\n${lines.join("")}\r\n`);
    socket.once("data", (chunk) => {
      const text = chunk.toString();
      resolve({ status: Number(text.split(" ", 2)[1]), text, socket, closed });
    });
    socket.once("error", reject);
    void closed.then(() => reject(new Error("closed without a byte")));
  });
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

test("R10 upgrades are judged: a client without a pass is refused, one with a pass is let through", async () => {
  const { port, url } = await site({ trustProxy: "loopback", antibot: { challenge: "cookie" } });
  const refused = await upgrade(port, { "X-Forwarded-For": VISITOR });
  expect([refused.status, upgrades]).toEqual([403, 0]);
  expect(refused.text).toContain("urn:express-bunker:challenge");
  await refused.closed;
  const jar = new Jar();
  await browse(url, "/", { jar, from: VISITOR });
  const let_in = await upgrade(port, { "X-Forwarded-For": VISITOR, Cookie: jar.header["Cookie"]! });
  expect([let_in.status, upgrades]).toEqual([101, 1]);
  let_in.socket.destroy();
});

test("R10 a ban refuses upgrades and closes that client's open guarded sockets, nobody else's", async () => {
  const { port, guard } = await site({ trustProxy: "loopback" });
  const mine = await upgrade(port, { "X-Forwarded-For": VISITOR });
  const other = await upgrade(port, { "X-Forwarded-For": "9.9.9.9" });
  expect([mine.status, other.status]).toEqual([101, 101]);
  await guard.bans.add(VISITOR);
  await mine.closed;
  expect(other.socket.destroyed).toBe(false);
  expect((await upgrade(port, { "X-Forwarded-For": VISITOR })).status).toBe(403);
  other.socket.destroy();
});

test("R10 444 drops an upgrade without a byte; detect lets it through", async () => {
  const dropping = await site({ trustProxy: "loopback", deny: { status: 444, force: true } });
  await dropping.guard.bans.add(VISITOR);
  await expect(upgrade(dropping.port, { "X-Forwarded-For": VISITOR })).rejects.toThrow(
    "closed without a byte",
  );
  server?.close();
  const watching = await site({ trustProxy: "loopback", mode: "detect" });
  await watching.guard.bans.add(VISITOR);
  const got = await upgrade(watching.port, { "X-Forwarded-For": VISITOR });
  expect(got.status).toBe(101);
  got.socket.destroy();
});

test("R10 upgrades of banned clients that detect mode let through are closed when it is over", async () => {
  const { port, guard } = await site({ trustProxy: "loopback" });
  await guard.bans.add(VISITOR);
  await guard.mode("detect");
  const mine = await upgrade(port, { "X-Forwarded-For": VISITOR });
  const other = await upgrade(port, { "X-Forwarded-For": "9.9.9.9" });
  expect([mine.status, other.status]).toEqual([101, 101]);
  await guard.mode("configured");
  await mine.closed;
  expect(other.socket.destroyed).toBe(false);
  expect((await upgrade(port, { "X-Forwarded-For": VISITOR })).status).toBe(403);
  other.socket.destroy();
});

test("R10 a server with unguarded upgrade listeners earns one warning", async () => {
  const { url } = await site({}, false);
  for (let i = 0; i < 3; i++) await ask(url, "/");
  expect(warnings.filter((text) => text.startsWith("WRN_BUNKER_UPGRADE"))).toHaveLength(1);
});

test("R10 a guarded server earns none", async () => {
  const { url } = await site({}, true);
  await ask(url, "/");
  expect(warnings).toEqual([]);
});
