import { isGlobal, parseAddress } from "../address/address.js";
import { isLoopbackHost } from "../http/environment-proxy.js";

/** Parses the API's address; `undefined` = not valid. */
export function serverUrl(value: string): URL | undefined {
  if (!URL.canParse(value)) return undefined;
  const url = new URL(value);
  const plain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  return plain && (url.protocol === "https:" || url.protocol === "http:") ? url : undefined;
}

/** A server's address without secrets: user, password, and an invite token in its path. */
export function shownServer(address: string): string {
  return address
    .replace(/^([a-z]+:\/*)[^/?#]*@/i, "$1(hidden)@")
    .replace(/\/t\/[!-.0-~]{16,}/g, "/t/(hidden)");
}

/** The URL of a call, below the server's path. */
export function callUrl(server: URL, path: string): URL {
  return new URL(`${server.origin}${server.pathname.replace(/\/+$/, "")}${path}`);
}

/** Names of networks of one's own: those of Compose and Kubernetes (a single label, a Service), mDNS, and `.internal`. */
const PRIVATE_NAME = /^(?:[a-z0-9](?:[\w-]*[a-z0-9])?|[\w.-]+\.(?:local|internal|svc))\.?$/i;

/** Whether a host is loopback or private by its name or address alone; other names could lead anywhere. */
export function isPrivateHost(hostname: string): boolean {
  if (isLoopbackHost(hostname) || PRIVATE_NAME.test(hostname)) return true;
  const address = parseAddress(hostname.replace(/^\[|\]$/g, ""));
  return address !== undefined && !isGlobal(address);
}
