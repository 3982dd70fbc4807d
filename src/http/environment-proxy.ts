import type { Agent } from "node:http";
import { parseAddress } from "../address/address.js";
import { loadPackage } from "../optional-package.js";

const VARIABLES = ["http_proxy", "https_proxy", "all_proxy"];

/**
 * The agent that reaches `url` through the proxy of the environment (`https_proxy`, `http_proxy`, `all_proxy`, `no_proxy`, in
 * either case); `undefined` = no proxy. This machine is always reached directly.
 *
 * @throws {OptionalPackageError} when a proxy is set and a package that it needs cannot be loaded
 */
export function proxyAgentFor(url: URL): Agent | undefined {
  const isSet = VARIABLES.some((name) => process.env[name] ?? process.env[name.toUpperCase()]);
  if (!isSet || isLoopbackHost(url.hostname)) return undefined;
  const { getProxyForUrl } = load("proxy-from-env") as { getProxyForUrl: (url: string) => string };
  const proxy = getProxyForUrl(url.href);
  if (proxy === "") return undefined;
  const { HttpsProxyAgent } = load("https-proxy-agent") as { HttpsProxyAgent: new (proxy: string) => Agent };
  return new HttpsProxyAgent(proxy);
}

/** Whether a host is this machine. */
export function isLoopbackHost(hostname: string): boolean {
  if (/^(?:.+\.)?localhost$/i.test(hostname)) return true;
  const text = parseAddress(hostname.replace(/^\[|\]$/g, ""))?.text;
  return text !== undefined && (text === "::1" || text.startsWith("127."));
}

function load(name: string): unknown {
  return loadPackage(name, "the proxy that the environment sets", "https-proxy-agent proxy-from-env");
}
