import type { IncomingMessage } from "node:http";
import { parseAddress, prefixOf } from "../address/address.js";

const IPV6_SUBNET = 64;

const addresses = new WeakMap<IncomingMessage, string>();

/** Has {@link addressOf} know the client's address by the guard's trust settings. */
export function noteAddress(req: IncomingMessage, key: string): void {
  addresses.set(req, key);
}

/** Returns the client's IPv4 address or IPv6 prefix, since one client has all addresses of that; where no dashboard has noted one, the connection's. */
export function addressOf(req: IncomingMessage): string {
  const known = addresses.get(req);
  if (known !== undefined) return known;
  const address = parseAddress(req.socket.remoteAddress ?? "");
  return address === undefined ? "" : prefixOf(address, IPV6_SUBNET).text;
}
