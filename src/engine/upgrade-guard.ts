import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Client } from "../request/client.js";
import type { Engine } from "./engine.js";
import { intercept } from "./intercept.js";
import { viewOf } from "../request/request-view.js";
import { judgeUpgrade } from "./upgrade.js";

type Upgrade = [req: IncomingMessage, socket: Duplex, head: Buffer];

/** How long after a ban the connections it ends are looked for, in ms. */
const CLOSE_AFTER_MS = 20;

const guarded = new WeakSet<object>();

/** Whether {@link guardUpgrades} looks after a server's upgrades. */
export function isGuarded(server: object): boolean {
  return guarded.has(server);
}

/**
 * Has every upgrade of `server` judged before its `upgrade` listeners hear of it, whenever they were added, and closes the
 * upgraded connections of a client that is banned later (R10). The answer undoes it.
 */
export function guardUpgrades(engine: Engine, server: Server): () => void {
  const open = new Map<Duplex, Client>();
  const { banIndex: index, resolver } = engine.context;
  const admit = async ([req, socket]: Upgrade, pass: () => void): Promise<void> => {
    if (!(await judgeUpgrade(engine, req, socket))) return;
    const client = viewOf(req).knownClient(resolver);
    if (socket.destroyed) return;
    if (client !== undefined) open.set(socket, client);
    socket.once("close", () => open.delete(socket));
    pass();
  };
  const release = intercept(server, "upgrade", (args, pass) => {
    const upgrade = args as unknown as Upgrade;
    admit(upgrade, pass).catch((error: unknown) => {
      // A listener of the app's own threw: no answer can be given any more, and nobody waits for one.
      upgrade[1].destroy();
      process.nextTick(() => {
        throw error;
      });
    });
  });
  // Bans of other instances, too, end what is open.
  let closing: NodeJS.Timeout | undefined;
  const close = (): void => {
    closing = undefined;
    for (const [socket, client] of open) {
      const { mode } = engine.forClient(client).context.options;
      if (mode !== "detect" && index.find(client, client.service) !== undefined) socket.destroy();
    }
  };
  // Bans come by the thousand when a store's are read, and connections are as many: one look serves all.
  const stop = index.onBan(() => (closing ??= setTimeout(close, CLOSE_AFTER_MS).unref()));
  guarded.add(server);
  return () => {
    release();
    guarded.delete(server);
    stop();
    clearTimeout(closing);
  };
}
