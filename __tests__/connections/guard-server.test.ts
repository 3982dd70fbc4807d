import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { BanProtection } from "../../src/engine/ban-protection.js";
import { Engine } from "../../src/engine/engine.js";
import { readOptions } from "../../src/options/table.js";
import { Context } from "../../src/engine/context.js";
import { sharedTable, type SharedOptions } from "../../src/engine/shared-options.js";
import { bunker, MemoryStore } from "../../src/index.js";
import { guardServer, type GuardOptions } from "../../src/connections/guard-server.js";
import { streamGuard } from "../../src/stream/index.js";
import { proxyV1 } from "./proxy-bytes.js";

const VISITOR = "8.8.8.8";
const PROXY = { from: "127.0.0.1" };
let server: Server | undefined;

afterEach(async () => {
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

async function site(
  options: GuardOptions,
  shared: SharedOptions = {},
): Promise<{ port: number; context: Context; stop: () => void }> {
  const given = { store: new MemoryStore(), logger: false as const, ...shared };
  const context = new Context(
    readOptions(sharedTable, given, "", () => undefined),
    given,
  );
  const engine = new Engine(context, [new BanProtection(context)]);
  const middleware = engine.middleware();
  const made = createServer((req, res) =>
    middleware(req, res, () => res.setHeader("Connection", "close").end(req.bunker?.ip)),
  );
  server = made;
  made.on("upgrade", (req, socket) => socket.end(`HTTP/1.1 101 ${req.socket.remoteAddress}\r\n\r\n`));
  const stop = guardServer(engine, made, options);
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  return { port: (made.address() as AddressInfo).port, context, stop };
}

function say(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk) => (answer += chunk.toString()));
    socket.on("error", () => undefined);
    socket.once("close", () => resolve(answer));
    socket.write(text);
  });
}

const GET = "GET / HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\n";
const UPGRADE = "GET / HTTP/1.1\r\nHost: site.test\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n";

test("R10 without `connections` a banned client is answered, requests and upgrades alike; with it, dropped", async () => {
  const polite = await site({ proxyProtocol: PROXY });
  await polite.context.bans.add(VISITOR);
  expect(await say(polite.port, proxyV1(VISITOR) + GET)).toMatch(/^HTTP\/1\.1 403 /);
  expect(await say(polite.port, proxyV1(VISITOR) + UPGRADE)).toMatch(/^HTTP\/1\.1 403 /);
  expect(await say(polite.port, proxyV1("9.9.9.9") + UPGRADE)).toContain("101 9.9.9.9");
  await new Promise((resolve) => server?.close(resolve));
  const short = await site({ connections: true, proxyProtocol: PROXY });
  await short.context.bans.add(VISITOR);
  expect(await say(short.port, proxyV1(VISITOR) + GET)).toBe("");
  expect(await say(short.port, proxyV1(VISITOR) + UPGRADE)).toBe("");
  expect(await say(short.port, proxyV1("9.9.9.9") + GET)).toContain("9.9.9.9");
});

test("undone, headers are not read any more and nobody is refused at the socket", async () => {
  const { port, stop } = await site({ connections: true, proxyProtocol: PROXY });
  expect(await say(port, GET)).toBe("");
  stop();
  expect(await say(port, GET)).toContain("127.0.0.1");
  expect(Object.hasOwn(server as Server, "emit")).toBe(false);
});

test("a service that only requests tell: global bans are refused at the socket, a service's own by the middleware", async () => {
  const { port, context } = await site(
    { connections: true, proxyProtocol: PROXY },
    { services: ["site.test"] },
  );
  await context.bans.add(VISITOR, { scope: "service", service: "site.test" });
  await context.bans.add("9.9.9.9");
  expect(await say(port, proxyV1(VISITOR) + GET)).toMatch(/^HTTP\/1\.1 403 /);
  expect(await say(port, proxyV1("9.9.9.9") + GET)).toBe("");
  expect(await say(port, proxyV1("7.7.7.7") + GET)).toContain("7.7.7.7");
});

test("wrong options are named, and nothing is guarded then", async () => {
  await expect(site({ conections: true } as never)).rejects.toThrow('"connections"');
  await expect(site({ proxyProtocol: true })).rejects.toThrow("trustProxy");
  const guard = bunker({ bunkernet: false, logger: false });
  for (const wrong of [guard, {}, undefined])
    expect(() => guard.guard(wrong as never)).toThrow(/server: got .*; allowed: a server/);
  const aServer = createServer();
  expect(() => guard.guard(aServer, guard as never)).toThrow(
    /options: got a function; allowed: an object of options; an app goes in as \{ app \}/,
  );
  expect(() => streamGuard({} as never)).toThrow("server: got an object");
  await guard.close();
  expect(Object.hasOwn(server as Server, "emit")).toBe(false);
});
