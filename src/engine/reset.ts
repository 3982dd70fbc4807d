import type { Client } from "../request/client.js";
import type { RequestLike } from "../request/request-like.js";

/**
 * Whether a request has come by a connection that was reset before anybody asked who was there. Nobody waits for its answer, but
 * carried out it would be in nobody's name, past every ban of its sender. A unix socket has no local address either, and is no
 * such case while it is open.
 */
export function isReset({ identity, peer }: Client, { socket }: RequestLike): boolean {
  if (identity.address !== undefined || peer.address !== undefined) return false;
  return socket != null && (socket.destroyed === true || socket.localAddress !== undefined);
}
