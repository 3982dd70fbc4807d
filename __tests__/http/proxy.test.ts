import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { callProvider } from "../../src/antibot/challenges/providers/provider-client.js";
import { bunkernet } from "../../src/bunkernet/index.js";
import { send } from "../../src/http/http-client.js";
import { MemoryStore } from "../../src/index.js";
import { fetchList } from "../../src/lists/list-source.js";
import { clearProxyVariables, restoreProxyVariables, startProxy, type Proxy } from "../support/proxy.js";

let server: Server;
let port: number;
let proxy: Proxy;
let requests: IncomingMessage[];

beforeAll(async () => {
  server = createServer((req, res) => {
    requests.push(req);
    req.resume();
    if (req.url === "/list") res.end("9.9.9.9\n");
    else res.setHeader("Content-Type", "application/json").end('{"result":"ok","data":"one","success":true}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
  proxy = await startProxy(port);
});
beforeEach(() => {
  clearProxyVariables();
  requests = [];
  proxy.asked.length = 0;
});
afterAll(async () => {
  restoreProxyVariables();
  await proxy.close();
  await new Promise((resolve) => server.close(resolve));
});

/** The three who call out: each returns what it got from `origin`. */
const CALLERS: Record<string, (origin: string) => Promise<unknown>> = {
  "a list": (origin) => fetchList(`${origin}/list`),
  "a captcha vendor": (origin) =>
    callProvider({ url: `${origin}/verify`, type: "application/json", body: "{}" }, 5000),
  BunkerNet: async (origin) => {
    const guard = bunkernet({ server: origin, allowInsecure: true, store: new MemoryStore(), logger: false });
    try {
      await guard.sync();
      const { registered, list } = guard.status();
      if (!registered) throw new Error(list.problem);
      return registered;
    } finally {
      await guard.close();
    }
  },
};
const RESULTS: Record<string, unknown> = {
  "a list": { kind: "text", text: "9.9.9.9\n" },
  "a captcha vendor": { status: 200, json: { success: true } },
  BunkerNet: true,
};
const names = Object.keys(CALLERS);
const call = (name: string, origin: string): Promise<unknown> =>
  (CALLERS[name] as (origin: string) => Promise<unknown>)(origin);

test.each(names)("%s is reached through the proxy of the environment", async (name) => {
  process.env["HTTP_PROXY"] = proxy.url;
  const result = await call(name, `http://outside.test:${port}`);
  if (typeof result === "object") expect(result).toMatchObject(RESULTS[name] as object);
  else expect(result).toBe(RESULTS[name]);
  expect(new Set(proxy.asked)).toEqual(new Set([`outside.test:${port}`]));
});

test.each(names)("%s is reached directly where NO_PROXY says so", async (name) => {
  process.env["http_proxy"] = proxy.url;
  process.env["NO_PROXY"] = ".test";
  await expect(call(name, `http://outside.test:${port}`)).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
  expect(proxy.asked).toEqual([]);
});

test.each(names)("%s on this machine is reached directly", async (name) => {
  process.env["http_proxy"] = proxy.url;
  await call(name, `http://127.0.0.1:${port}`);
  expect(requests).not.toEqual([]);
  expect(proxy.asked).toEqual([]);
});

test.each(names)("%s fails with the package to install when the proxy needs one", async (name) => {
  process.env["http_proxy"] = proxy.url;
  jest.doMock("https-proxy-agent", () => {
    throw Object.assign(new Error("Cannot find module 'https-proxy-agent'"), { code: "MODULE_NOT_FOUND" });
  });
  jest.resetModules();
  try {
    await expect(call(name, `http://outside.test:${port}`)).rejects.toThrow(
      /ERR_BUNKER_PACKAGE.*npm install https-proxy-agent proxy-from-env/,
    );
  } finally {
    jest.dontMock("https-proxy-agent");
    jest.resetModules();
  }
});

test("a redirect to another host asks the proxy anew", async () => {
  const hop = createServer((_req, res) =>
    res.writeHead(302, { Location: `http://second.test:${port}/` }).end(),
  );
  await new Promise<void>((resolve) => hop.listen(0, "127.0.0.1", resolve));
  try {
    process.env["http_proxy"] = proxy.url;
    const { status } = await send({
      method: "GET",
      url: new URL(`http://127.0.0.1:${(hop.address() as AddressInfo).port}/`),
      headers: {},
      timeout: 5000,
      maxBytes: 1000,
      maxRedirects: 1,
    });
    expect(status).toBe(200);
    expect(proxy.asked).toEqual([`second.test:${port}`]);
  } finally {
    await new Promise((resolve) => hop.close(resolve));
  }
});
