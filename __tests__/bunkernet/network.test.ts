import type { createServer, Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { clearProxyVariables, restoreProxyVariables, startProxy, type Proxy } from "../support/proxy.js";
import { CERTIFICATE, KEY } from "./certificate.js";
import { startContract, type ContractServer } from "./contract-server.js";
import { LISTED, startSite } from "./site.js";
import { stopSites } from "../support/site.js";

const secure = (listener: Parameters<typeof createServer>[1]): Server =>
  createSecureServer({ key: KEY, cert: CERTIFICATE }, listener);

let api: ContractServer;
let proxy: Proxy | undefined;

beforeEach(clearProxyVariables);
afterEach(async () => {
  restoreProxyVariables();
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
