import type { IncomingMessage } from "node:http";

const addresses = new WeakMap<IncomingMessage, string>();

/** Has {@link addressOf} know the client's address by the guard's trust settings. */
export function noteAddress(req: IncomingMessage, ip: string): void {
  addresses.set(req, ip);
}

/** Returns the client's address; where no dashboard has noted one, the connection's. */
export function addressOf(req: IncomingMessage): string {
  return addresses.get(req) ?? req.socket.remoteAddress ?? "";
}
