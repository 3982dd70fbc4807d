import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from "node:http";
import {
  connect as connectHttp2,
  createServer as createHttp2,
  createSecureServer as createSecureHttp2,
} from "node:http2";
import { createServer as createHttps } from "node:https";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, createServer as createTls, type TLSSocket } from "node:tls";
import { badBehavior, bunker, MemoryStore, type BunkerEvent } from "../../src/index.js";
import { streamGuard, type StreamGuard, type StreamGuardOptions } from "../../src/stream/index.js";
import { proxyV1, proxyV2 } from "../connections/proxy-bytes.js";
import { until } from "../support/until.js";

const VISITOR = "8.8.8.8";
const OTHER = "9.9.9.9";
const FROM = { from: "127.0.0.1" };
const KINDS = ["tcp", "tls", "http", "https"] as const;

let folder = "";
let pair: { key: Buffer; cert: Buffer };
const servers: Server[] = [];
const guards: StreamGuard[] = [];
const clients: Socket[] = [];
let seen: (string | undefined)[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "express-bunker-tls-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const make =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost";
  execFileSync("openssl", [...make.split(" "), "-keyout", key, "-out", cert], { stdio: "ignore" });
  pair = { key: readFileSync(key), cert: readFileSync(cert) };
});
afterAll(() => rmSync(folder, { recursive: true }));

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  for (const guard of guards.splice(0)) await guard.close();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

// Each server says who it sees, to whoever says something; what it was told is `seen`.
function serverOf(kind: (typeof KINDS)[number]): Server {
  const raw = (socket: Socket): void => {
    socket.on("error", () => undefined);
    seen.push(socket.remoteAddress);
    socket.on("data", (said) => socket.end(`${socket.remoteAddress} said ${said.toString()}`));
  };
  const web = (req: IncomingMessage, res: ServerResponse): void => {
    seen.push(req.socket.remoteAddress);
    res.setHeader("Connection", "close");
    res.end(`${req.socket.remoteAddress} said ${req.url}`);
  };
  if (kind === "tcp") return createServer({ allowHalfOpen: true }, raw);
  if (kind === "tls") return createTls(pair, raw);
  return kind === "http" ? createHttp(web) : createHttps(pair, web);
}

async function site(
  kind: (typeof KINDS)[number] = "tcp",
  options: StreamGuardOptions = {},
): Promise<{ port: number; guard: StreamGuard; store: MemoryStore; server: Server; events: BunkerEvent[] }> {
  seen = [];
  const events: BunkerEvent[] = [];
  const note = (event: BunkerEvent): void => void events.push(event);
  const store = new MemoryStore();
  const server = serverOf(kind);
  const guard = streamGuard(server, {
    store,
    logger: false,
    bunkernet: false,
    proxyProtocol: FROM,
    events: { denied: note, banned: note, fault: note },
    ...options,
  });
  servers.push(server);
  guards.push(guard);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, guard, store, server, events };
}

interface Talk {
  readonly socket: Socket;
  /** All that came back by the time the connection was over. */
  readonly answer: Promise<string>;
}

/** Opens a connection, sends pieces one by one, and collects what comes back. */
function open(port: number, ...pieces: (string | Buffer)[]): Talk {
  const socket = connect(port, "127.0.0.1").setNoDelay();
  clients.push(socket);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", () => undefined);
  const answer = new Promise<string>((resolve) =>
    socket.once("close", () => resolve(Buffer.concat(chunks).toString())),
  );
  void (async () => {
    for (const piece of pieces) {
      if (socket.destroyed) return;
      await new Promise((resolve) => socket.write(piece, resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  return { socket, answer };
}

/** Says /hello to a server of some kind, behind a PROXY header. */
async function hello(kind: (typeof KINDS)[number], port: number, header: string | Buffer): Promise<string> {
  const ask = "GET /hello HTTP/1.1\r\nHost: site.test\r\n\r\n";
  const text = kind.startsWith("http") ? ask : "/hello";
  const behind = (answer: string): string => answer.slice(answer.indexOf("\r\n\r\n") + 1).trim();
  if (kind === "tcp" || kind === "http")
    return behind(await open(port, Buffer.concat([Buffer.from(header), Buffer.from(text)])).answer);
  const raw = open(port, header);
  raw.socket.removeAllListeners("data");
  const socket: TLSSocket = connectTls({ socket: raw.socket, rejectUnauthorized: false });
  socket.on("error", () => undefined);
  socket.write(text);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => socket.once("close", resolve));
  const answer = Buffer.concat(chunks).toString();
  return behind(answer);
}

describe.each(KINDS)("a %s server", (kind) => {
  test("sees the address that a trusted proxy tells, by version 1 and 2, and every byte behind the header", async () => {
    const { port } = await site(kind);
    expect(await hello(kind, port, proxyV1(VISITOR))).toBe(`${VISITOR} said /hello`);
    expect(await hello(kind, port, proxyV2("2001:4860::8", 1, { tlv: Buffer.alloc(99) }))).toBe(
      "2001:4860::8 said /hello",
    );
    expect(seen).toEqual([VISITOR, "2001:4860::8"]);
  });

  test("never hears of a banned client", async () => {
    const { port, guard, events } = await site(kind);
    await guard.bans.add(VISITOR);
    await hello(kind, port, proxyV1(VISITOR)).catch(() => "");
    expect(seen).toEqual([]);
    expect(events).toEqual([
      expect.objectContaining({ reason: "manual", ip: VISITOR }) as unknown,
      expect.objectContaining({ protection: "bans", ip: VISITOR }) as unknown,
    ]);
    expect(await hello(kind, port, proxyV1(OTHER))).toBe(`${OTHER} said /hello`);
    expect(guard.status()).toMatchObject({ refused: 1, held: 0 });
  });
});

test("an HTTP/2 server sees the address that a trusted proxy tells, in the clear and through TLS", async () => {
  for (const secure of [false, true]) {
    const server = secure ? createSecureHttp2({ ...pair }) : createHttp2();
    server.on("stream", (stream) => {
      stream.respond({ ":status": 200 });
      stream.end(String(stream.session?.socket.remoteAddress));
    });
    guards.push(
      streamGuard(server, { store: new MemoryStore(), logger: false, bunkernet: false, proxyProtocol: FROM }),
    );
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const raw = connect((server.address() as AddressInfo).port, "127.0.0.1");
    clients.push(raw);
    raw.write(proxyV2(VISITOR));
    const socket = secure
      ? connectTls({ socket: raw, rejectUnauthorized: false, ALPNProtocols: ["h2"] })
      : raw;
    const session = connectHttp2("http://site.test", { createConnection: () => socket });
    const stream = session.request({ ":path": "/" }).setEncoding("utf8");
    let answer = "";
    stream.on("data", (text: string) => (answer += text));
    await new Promise((resolve) => stream.once("close", resolve));
    expect(answer).toBe(VISITOR);
    session.destroy();
  }
});

test("IPv4 addresses on a socket that takes both families are the same addresses", async () => {
  const { guard, server } = await site("tcp", { proxyProtocol: true, trustProxy: ["127.0.0.1", "::1"] });
  await new Promise((resolve) => server.close(resolve));
  await new Promise<void>((resolve) => server.listen(0, "::ffff:127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  expect(await open(port, proxyV1(VISITOR), "hello").answer).toBe(`${VISITOR} said hello`);
  await guard.bans.add(VISITOR);
  expect(await open(port, proxyV1(VISITOR), "hello").answer).toBe("");
});

test("a trustProxy function that throws vouches for nobody and brings nothing down", async () => {
  const { port, events } = await site("tcp", {
    proxyProtocol: true,
    trustProxy: (address) => {
      if (address === "127.0.0.1") throw new Error("broken");
      return false;
    },
  });
  expect(await open(port, "hello").answer).toBe("127.0.0.1 said hello");
  expect(events.map(({ data }) => data)).toContain("broken");
});

test("R11 while the bans cannot be read, onStoreError decides", async () => {
  for (const [onStoreError, answer] of [
    ["allow", `${VISITOR} said hello`],
    ["deny", ""],
  ] as const) {
    const store = new MemoryStore();
    // eslint-disable-next-line @typescript-eslint/require-await
    store.keys = async function* (): AsyncGenerator<string> {
      throw new Error("down");
    };
    const { port, events, guard } = await site("tcp", { store, onStoreError });
    expect(await open(port, proxyV1(VISITOR), "hello").answer).toBe(answer);
    expect(events.some(({ reason }) => reason === "store")).toBe(true);
    expect(
      await guard.bans.get(VISITOR).then(
        (ban) => ban,
        () => undefined,
      ),
    ).toBeUndefined();
  }
});

test("headers cut anywhere are read all the same", async () => {
  const { port } = await site();
  for (const header of [Buffer.from(proxyV1(VISITOR)), proxyV2(VISITOR)])
    for (const at of [1, 5, 6, 12, 15, 16, 20, header.length - 1]) {
      const { answer } = open(port, header.subarray(0, at), header.subarray(at), "hello");
      expect(await answer).toBe(`${VISITOR} said hello`);
    }
});

test("LOCAL and UNKNOWN pass unjudged under the proxy's own address", async () => {
  const { port } = await site();
  expect(await open(port, "PROXY UNKNOWN\r\nping").answer).toBe("127.0.0.1 said ping");
  expect(await open(port, proxyV2(VISITOR, 1, { command: 0x20 }), "ping").answer).toBe("127.0.0.1 said ping");
});

test("what is no header is refused, also when it ends early or says nothing in time", async () => {
  const { port, guard } = await site("tcp", { proxyProtocol: { ...FROM, timeout: 50 } });
  for (const bytes of ["GET / HTTP/1.1\r\n\r\n", "PROXY TCP4 x\r\n", "PROXY TCP4 8.8."])
    expect(await open(port, bytes).answer).toBe("");
  const early = open(port, "PROXY TC");
  early.socket.end();
  expect(await early.answer).toBe("");
  expect(seen).toEqual([]);
  await until(() => guard.status().held === 0);
  expect(guard.status()).toMatchObject({ malformed: 4, open: 0, refused: 0 });
});

test("a flood of half headers takes no more than its room, and leaves nothing behind", async () => {
  const { port, guard } = await site("tcp", { maxHeld: 50, proxyProtocol: { ...FROM, timeout: 2000 } });
  const flood = Array.from({ length: 300 }, () => open(port, "PROXY TCP4 8.8."));
  await until(() => guard.status().shed === 250);
  expect(guard.status()).toMatchObject({ held: 50, open: 0 });
  for (const { socket } of flood) socket.destroy();
  await until(() => guard.status().held === 0);
  expect(await open(port, proxyV1(VISITOR), "hello").answer).toBe(`${VISITOR} said hello`);
  await until(() => guard.status().open === 0);
});

test("headers from anybody else are the server's own business", async () => {
  const { port } = await site("tcp", { proxyProtocol: { from: "10.0.0.1" } });
  expect(await open(port, proxyV1(VISITOR)).answer).toBe(`127.0.0.1 said ${proxyV1(VISITOR)}`);
});

test("trusted proxies without PROXY protocol are let through unjudged", async () => {
  const store = new MemoryStore();
  const { port, guard } = await site("tcp", { store, proxyProtocol: false, trustProxy: "loopback" });
  await guard.bans.add("127.0.0.1", { force: true });
  expect(await open(port, "hello").answer).toBe("127.0.0.1 said hello");
  const direct = await site("tcp", { store, proxyProtocol: false });
  expect(await open(direct.port, "hello").answer).toBe("");
});

test("proxyProtocol: true means those that trustProxy names, and wants some", async () => {
  const { port } = await site("tcp", { proxyProtocol: true, trustProxy: "loopback" });
  expect(await open(port, proxyV1(VISITOR), "hello").answer).toBe(`${VISITOR} said hello`);
  for (const trustProxy of [undefined, false, true])
    expect(() => streamGuard(createServer(), { proxyProtocol: true, trustProxy })).toThrow("proxyProtocol");
  expect(() => streamGuard(createServer(), { proxyProtocol: {} as never })).toThrow("proxyProtocol");
});

test("nobody on `allow` is refused", async () => {
  const { port, guard } = await site("tcp", { allow: VISITOR });
  await guard.bans.add(VISITOR);
  expect(await open(port, proxyV1(VISITOR), "hello").answer).toBe(`${VISITOR} said hello`);
});

test("R27 detect lets everybody through and reports, and counts nothing", async () => {
  const { port, guard, events } = await site("tcp", { mode: "detect", badBehavior: { threshold: 1 } });
  await guard.bans.add(VISITOR);
  expect(await open(port, proxyV1(VISITOR), "hello").answer).toBe(`${VISITOR} said hello`);
  expect(events.map(({ protection, mode }) => [protection, mode]).at(-1)).toEqual(["bans", "detect"]);
  expect(guard.status()).toMatchObject({ refused: 0 });
});

test("R27 detect that is set at run time lets banned clients in, and their connections are closed when it is over", async () => {
  const { port, guard, store } = await site("tcp");
  const app = bunker({ store, logger: false, bunkernet: false });
  await guard.bans.add(VISITOR);
  await app.mode("detect");
  const [mine, other] = [open(port, proxyV1(VISITOR)), open(port, proxyV1(OTHER))];
  await until(() => guard.status().open === 2);
  await app.mode("configured");
  expect(await mine.answer).toBe("");
  await until(() => guard.status().open === 1);
  expect(guard.status().refused).toBe(0);
  other.socket.write("hello");
  expect(await other.answer).toBe(`${OTHER} said hello`);
  await app.close();
});

describe("what a DNS blocklist lists", () => {
  const missing = (): Promise<never> => Promise.reject(Object.assign(new Error(), { code: "ENOTFOUND" }));
  const listing = (answers: () => Promise<string[]>) => ({
    resolve4: (name: string) =>
      name.startsWith("8.8.8.8.")
        ? answers()
        : name.startsWith("2.0.0.127.")
          ? Promise.resolve(["127.0.0.2"])
          : missing(),
    resolve6: missing,
    resolveTxt: () => Promise.resolve([]),
    reverse: () => Promise.resolve([]),
  });
  const dnsbl = { list: "zone.test", ban: false } as const;

  test("R23 is refused, counts as 444, and is banned for it", async () => {
    const { port, guard, events } = await site("tcp", {
      dnsbl,
      resolver: listing(() => Promise.resolve(["127.0.0.2"])),
      badBehavior: { threshold: 3 },
    });
    for (let i = 0; i < 3; i++) expect(await open(port, proxyV1(VISITOR), "hello").answer).toBe("");
    await until(() => events.some(({ protection }) => protection === "bad-behavior"));
    const ban = await guard.bans.get(VISITOR);
    expect(ban?.reason).toBe("bad behavior");
    expect((ban?.data as { status: number }[]).map(({ status }) => status)).toEqual([444, 444, 444]);
    expect(await open(port, proxyV1(OTHER), "hello").answer).toBe(`${OTHER} said hello`);
  });

  test("R23 only 444 counts: with other codes nobody is banned", async () => {
    const { port, guard } = await site("tcp", {
      dnsbl,
      resolver: listing(() => Promise.resolve(["127.0.0.2"])),
      badBehavior: { threshold: 1, statusCodes: [403, 404] },
    });
    for (let i = 0; i < 3; i++) expect(await open(port, proxyV1(VISITOR), "hello").answer).toBe("");
    expect(await guard.bans.get(VISITOR)).toBeUndefined();
  });

  test("a connection waits for its verdict only so long, and only so many do; then onStoreError decides", async () => {
    const never = listing(() => new Promise(() => undefined));
    const slow = { ...dnsbl, timeout: 10_000 };
    const passing = await site("tcp", { dnsbl: slow, resolver: never, holdTimeout: 20 });
    expect(await open(passing.port, proxyV1(VISITOR), "hello").answer).toBe(`${VISITOR} said hello`);
    expect(passing.guard.status()).toMatchObject({ late: 1, held: 0 });
    const refusing = await site("tcp", {
      dnsbl: slow,
      resolver: never,
      holdTimeout: 20,
      onStoreError: "deny",
    });
    expect(await open(refusing.port, proxyV1(VISITOR), "hello").answer).toBe("");
    let asked = 0;
    const counted = listing(() => {
      asked++;
      return new Promise(() => undefined);
    });
    const full = await site("tcp", { dnsbl: slow, resolver: counted, maxHeld: 1 });
    const waiting = open(full.port, proxyV1(VISITOR), "hello");
    await until(() => asked > 0 && full.guard.status().held === 1);
    expect(await open(full.port, proxyV1(VISITOR), "hello").answer).toBe(`${VISITOR} said hello`);
    expect(full.guard.status()).toMatchObject({ shed: 1, held: 1 });
    waiting.socket.destroy();
    await until(() => full.guard.status().held === 0);
  });
});

test("R10 a ban closes the open connections of that client, nobody else's", async () => {
  const { port, guard } = await site();
  const [mine, other] = [open(port, proxyV1(VISITOR)), open(port, proxyV1(OTHER))];
  await until(() => seen.length === 2);
  expect(guard.status().open).toBe(2);
  await guard.bans.add(VISITOR);
  expect(await mine.answer).toBe("");
  other.socket.write("still here");
  expect(await other.answer).toBe(`${OTHER} said still here`);
  await until(() => guard.status().open === 0);
});

test("what a middleware on the same store bans is refused at the socket, and the middleware sees the proxy's client", async () => {
  const store = new MemoryStore();
  const behavior = badBehavior({ store, logger: false, threshold: 2 });
  const server = createHttp((req, res) =>
    behavior(req, res, () => {
      res.statusCode = 404;
      res.setHeader("Connection", "close");
      res.end(req.bunker?.ip);
    }),
  );
  const guard = streamGuard(server, { store, logger: false, bunkernet: false, proxyProtocol: FROM });
  servers.push(server);
  guards.push(guard);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  for (let i = 0; i < 2; i++) expect(await hello("http", port, proxyV1(VISITOR))).toContain(VISITOR);
  await until(() => guard.status().open === 0);
  expect(await behavior.bans.get(VISITOR)).toBeDefined();
  expect(await hello("http", port, proxyV1(VISITOR))).toBe("");
  expect(guard.status().refused).toBe(1);
});

test("undone, the server is as it was; several, in any order", async () => {
  const options = { logger: false, bunkernet: false } as const;
  const store = new MemoryStore();
  const server = serverOf("tcp");
  servers.push(server);
  const [one, two] = [streamGuard(server, { ...options, store }), streamGuard(server, { ...options, store })];
  guards.push(one, two);
  await one.bans.add("127.0.0.1", { force: true });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  expect(await open(port, "hello").answer).toBe("");
  one();
  expect(await open(port, "hello").answer).toBe("");
  two();
  expect(await open(port, "hello").answer).toBe("127.0.0.1 said hello");
  expect(Object.hasOwn(server, "emit")).toBe(true);
  const again = createServer();
  streamGuard(again, { ...options, store })();
  expect(Object.hasOwn(again, "emit")).toBe(false);
});

test("every wrong option is named", () => {
  expect(() =>
    streamGuard(createServer(), {
      holdTimeout: 1,
      dnsbl: { lst: "x" } as never,
      antibot: {},
    } as never),
  ).toThrow(/antibot[^]*holdTimeout[^]*dnsbl\.lst/);
});
