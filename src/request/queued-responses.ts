import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

const QUEUED = Symbol("express-bunker queued responses");

interface Carrier {
  [QUEUED]?: Set<ServerResponse>;
  once(event: "close", listener: () => void): unknown;
}

/**
 * Calls `ended` for a response that waits behind another on its connection (HTTP/1 pipelining) when the connection closes: Node
 * emits `close` only for the first of them. Returns `false` where a connection carries no queue (HTTP/2).
 */
export function watchQueued(res: ServerResponse, ended: (res: ServerResponse) => void): boolean {
  const socket = res.req.socket as unknown as Carrier | undefined;
  if (res.req.httpVersionMajor !== 1 || typeof socket?.once !== "function") return false;
  let queued = socket[QUEUED];
  if (queued === undefined) {
    const all = (queued = socket[QUEUED] = new Set<ServerResponse>());
    socket.once("close", () => {
      for (const one of all) ended(one);
      all.clear();
    });
  }
  queued.add(res);
  return true;
}

/** Forgets a response that has ended. */
export function forgetQueued(res: ServerResponse): void {
  (res.req.socket as unknown as Carrier)[QUEUED]?.delete(res);
}

/** Whether the client of a request has left. */
export function hasLeft(res: ServerResponse): boolean {
  const { stream } = res as { readonly stream?: { readonly id?: number; readonly destroyed: boolean } };
  return stream?.id === undefined ? (res.req.socket as Socket | null)?.destroyed === true : stream.destroyed;
}
