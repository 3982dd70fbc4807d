import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { connect, type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { CERTIFICATE, KEY } from "./certificate.js";
import { startContract, type ContractServer } from "./contract-server.js";
import { LISTED, startSite } from "./site.js";
import { stopSites } from "../support/site.js";

interface Proxy {
  readonly url: string;
  /** Where clients wanted to go. */
  readonly asked: string[];
  close(): Promise<void>;
}

// A CONNECT proxy that leads every name to one port of this machine.
async function startProxy(port: number): Promise<Proxy> {
  const asked: string[] = [];
  const tunnels = new Set<Duplex>();
  const server = createServer((_req, res) => res.writeHead(400).end());
  server.on("connect", (req, socket, head) => {
    asked.push(req.url ?? "");
    const target = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      if (head.length > 0) target.write(head);
      target.pipe(socket).pipe(target);
    });
    tunnels.add(socket);
    socket.on("close", () => tunnels.delete(socket));
    for (const one of [socket, target]) {
      one.on("error", () => undefined);
      one.on("close", () => [socket, target].forEach((end) => end.destroy()));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const tunnel of tunnels) tunnel.destroy();
      }),
  };
}

const NAMES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];
const VARIABLES = [...NAMES, ...NAMES.map((name) => name.toUpperCase())];
const before = new Map(VARIABLES.map((name) => [name, process.env[name]]));
const secure = (listener: Parameters<typeof createServer>[1]): Server =>
  createSecureServer({ key: KEY, cert: CERTIFICATE }, listener);

let api: ContractServer;
let proxy: Proxy | undefined;

beforeEach(() => {
  for (const name of VARIABLES) Reflect.deleteProperty(process.env, name);
});
afterEach(async () => {
  for (const [name, value] of before) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
  await stopSites();
  await proxy?.close();
  proxy = undefined;
  await api.close();
  expect(api.violations).toEqual([]);
});

const portOf = (server: ContractServer): string => new URL(server.url).port;

test("https is verified: a certificate that nobody vouches for is refused", async () => {
  api = await startContract(secure);
  api.list = [LISTED];
  const server = api.url.replace("http:", "https:");
  const trusting = await startSite(server, { ca: CERTIFICATE });
  await trusting.guard.sync();
  expect(trusting.guard.has(LISTED)).toBe(true);
  const calls = api.calls.length;
  const site = await startSite(server);
  await site.guard.sync();
  expect(site.guard.status()).toMatchObject({
    registered: false,
    list: { problem: expect.stringMatching(/certificate/) },
  });
  expect(api.calls).toHaveLength(calls);
});

test.each(["http", "https"])("through the proxy that the environment names: %s", async (scheme) => {
  api = await startContract(scheme === "https" ? secure : undefined);
  api.list = [LISTED];
  proxy = await startProxy(Number(portOf(api)));
  process.env[`${scheme}_proxy`] = proxy.url;
  const host = `bunkernet.test:${portOf(api)}`;
  const site = await startSite(`${scheme}://${host}`, { allowInsecure: true, ca: CERTIFICATE });
  await site.guard.sync();
  expect(site.guard.status().list.problem).toBeUndefined();
  expect(site.guard.has(LISTED)).toBe(true);
  expect(new Set(proxy.asked)).toEqual(new Set([host]));
});

test("no proxy for what no_proxy names, nor for this machine", async () => {
  api = await startContract();
  api.list = [LISTED];
  proxy = await startProxy(Number(portOf(api)));
  process.env["http_proxy"] = proxy.url;
  const site = await startSite(api.url);
  await site.guard.sync();
  expect(site.guard.has(LISTED)).toBe(true);
  process.env["no_proxy"] = ".test";
  const other = await startSite(`http://bunkernet.test:${portOf(api)}`, { allowInsecure: true });
  await other.guard.sync();
  expect(other.guard.status().registered).toBe(false);
  expect(proxy.asked).toEqual([]);
});

test("a server below a path is asked below it", async () => {
  api = await startContract();
  const site = await startSite(`${api.url}/net/`);
  await site.guard.sync();
  expect(api.calls.map(({ path }) => path)).toEqual(["/net/register"]);
  expect(api.violations.splice(0)).not.toEqual([]);
});
