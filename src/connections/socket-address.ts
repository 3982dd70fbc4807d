import type { Socket } from "node:net";
import type { ProxySource } from "./proxy-header.js";

/** The two ends of a connection as the operating system has them: no two open connections share them. */
export function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].join("|");
}

/** Has a socket say that a proxy's client is at its other end, as everything that asks for its `remoteAddress` expects. */
export function playSource(socket: Socket, { address, family, port }: ProxySource): void {
  const values = { remoteAddress: address, remoteFamily: family, remotePort: port };
  for (const [name, value] of Object.entries(values))
    Object.defineProperty(socket, name, { value, configurable: true, enumerable: true });
}
