import type { Agent } from "node:http";
import { createRequire } from "node:module";
import { withHelp } from "../errors.js";
import { isLoopbackHost } from "./server-url.js";

const load = createRequire(__filename);

const VARIABLES = ["http_proxy", "https_proxy", "all_proxy"];

/**
 * The way to `url` through the proxy that the environment names (`https_proxy`, `http_proxy`, `all_proxy`, `no_proxy`);
 * `undefined` = straight there.
 *
 * @throws {Error} `ERR_BUNKER_PACKAGE` when a proxy is named and the packages that speak to it are not installed
 */
export function proxyAgentFor(url: URL): Agent | undefined {
  const named = VARIABLES.some((name) => process.env[name] ?? process.env[name.toUpperCase()]);
  if (!named || isLoopbackHost(url.hostname)) return undefined;
  const { getProxyForUrl } = need("proxy-from-env") as { getProxyForUrl: (url: string) => string };
  const proxy = getProxyForUrl(url.href);
  if (proxy === "") return undefined;
  const { HttpsProxyAgent } = need("https-proxy-agent") as { HttpsProxyAgent: new (proxy: string) => Agent };
  return new HttpsProxyAgent(proxy);
}

function need(name: string): unknown {
  try {
    return load(name);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "MODULE_NOT_FOUND") throw error;
    throw Object.assign(
      new Error(
        withHelp(
          "ERR_BUNKER_PACKAGE",
          "reaching BunkerNet through the proxy that the environment names needs packages that are not installed: npm install https-proxy-agent proxy-from-env",
        ),
      ),
      { code: "ERR_BUNKER_PACKAGE" },
    );
  }
}
