import { isGlobal, parseAddress } from "../address/address.js";
import { isLoopbackHost } from "../http/environment-proxy.js";

/** Reads the API's address; `undefined` for what is none. Whatever stands after it is the call's. */
export function serverUrl(value: string): URL | undefined {
  if (!URL.canParse(value)) return undefined;
  const url = new URL(value);
  const plain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  return plain && (url.protocol === "https:" || url.protocol === "http:") ? url : undefined;
}

/** A server's address as it may be shown: without user and password, and without the invite token that its path may carry. */
export function shownServer(address: string): string {
  return address
    .replace(/^([a-z]+:\/*)[^/?#]*@/i, "$1(hidden)@")
    .replace(/\/t\/[!-.0-~]{16,}/g, "/t/(hidden)");
}

/** Where a call goes: below the path that the operator gave. */
export function callUrl(server: URL, path: string): URL {
  return new URL(`${server.origin}${server.pathname.replace(/\/+$/, "")}${path}`);
}

/** Whether a host is loopback or a private address by its name alone; other names could lead anywhere. */
export function isPrivateHost(hostname: string): boolean {
  if (isLoopbackHost(hostname)) return true;
  const address = parseAddress(hostname.replace(/^\[|\]$/g, ""));
  return address !== undefined && !isGlobal(address);
}
