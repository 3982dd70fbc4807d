import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Client } from "../request/client.js";
import { viewOf } from "../request/request-view.js";
import { GuardedServers, type Engine } from "./engine.js";
import { intercept } from "./intercept.js";
import { judgeUpgrade } from "./judge-upgrade.js";

/** How long after a ban the connections that it ends are closed, in ms: one search serves all bans of that time. */
const CLOSE_AFTER_MS = 20;

/**
 * Judges every upgrade of `server` before its `upgrade` listeners are called, and closes the upgraded connections of a client
 * that is banned later. Returns a function that undoes it.
 */
export function guardUpgrades(engine: Engine, server: Server): () => void {
  const open = new Map<Duplex, Client>();
  const { banIndex: index, resolver, securityMode } = engine.context;
  const admit = async (req: IncomingMessage, socket: Duplex, pass: () => void): Promise<void> => {
    if (!(await judgeUpgrade(engine, req, socket))) return;
    const client = viewOf(req).knownClient(resolver);
    if (socket.destroyed) return;
    if (client !== undefined) open.set(socket, client);
    socket.once("close", () => open.delete(socket));
    pass();
  };
  const release = intercept(server, "upgrade", (args, pass) => {
    const [req, socket] = args as [IncomingMessage, Duplex];
    admit(req, socket, pass).catch((error: unknown) => {
      // A listener of the app's own threw: no response can be sent any more.
      socket.destroy();
      process.nextTick(() => {
        throw error;
      });
    });
  });
  let closing: NodeJS.Timeout | undefined;
  const close = (): void => {
    closing = undefined;
    for (const [socket, client] of open) {
      const pipeline = engine.pipelineOf(client);
      if (pipeline.context.mode === "detect" || pipeline.allows(client)) continue;
      if (index.find(client, client.service) !== undefined) socket.destroy();
    }
  };
  const closeSoon = (): void => void (closing ??= setTimeout(close, CLOSE_AFTER_MS).unref());
  // Bans of other instances close connections, too, and bans that detect mode has not enforced do when it is over.
  const stops = [index.onBan(closeSoon), securityMode.onChange(closeSoon)];
  const guarded = engine.context.scope.get(GuardedServers).servers;
  guarded.add(server);
  return () => {
    release();
    guarded.delete(server);
    for (const stop of stops) stop();
    clearTimeout(closing);
  };
}
