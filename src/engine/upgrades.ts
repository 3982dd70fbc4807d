import { STATUS_CODES, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { wasReset, type Client } from "../request/client.js";
import { viewOf } from "../request/request-view.js";
import type { Reply } from "../request/verdict.js";
import { GuardedServers, type Engine } from "./engine.js";
import { intercept } from "./intercept.js";
import { problem } from "./responder.js";

/** How long after a ban the connections that it ends are closed, in ms: one search serves all bans of that time. */
const CLOSE_AFTER_MS = 20;

/**
 * Judges every upgrade of `server` before its `upgrade` listeners are called, and closes the upgraded connections of a client
 * that is banned later. Returns a function that undoes it.
 */
export function guardUpgrades(engine: Engine, server: Server): () => void {
  const open = new Map<Duplex, Client>();
  const { banIndex: index, resolver } = engine.context;
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
      const { mode } = engine.pipelineOf(client).context.options;
      if (mode !== "detect" && index.find(client, client.service) !== undefined) socket.destroy();
    }
  };
  // Bans of other instances close connections, too.
  const stop = index.onBan(() => (closing ??= setTimeout(close, CLOSE_AFTER_MS).unref()));
  const guarded = engine.context.scope.get(GuardedServers).servers;
  guarded.add(server);
  return () => {
    release();
    guarded.delete(server);
    stop();
    clearTimeout(closing);
  };
}

/** Judges a WebSocket (or other) upgrade: `false` = it got a response and was closed. Never rejects. */
export async function judgeUpgrade(engine: Engine, req: IncomingMessage, socket: Duplex): Promise<boolean> {
  const request = viewOf(req);
  let pipeline = engine.common;
  // An error of a peer that leaves meanwhile must not end the process.
  const ignore = (): void => undefined;
  socket.on("error", ignore);
  try {
    const client = request.client(engine.context.resolver, engine.apps.of(req));
    if (wasReset(client, req)) {
      socket.destroy();
      return false;
    }
    pipeline = engine.pipelineOf(client);
    const { responder, context } = pipeline;
    const verdict = await pipeline.judge(client, request);
    if (verdict.action !== "pass") responder.emit(verdict, request);
    if (verdict.action === "pass" || context.options.mode === "detect") {
      socket.off("error", ignore);
      return true;
    }
    if (verdict.action === "challenge") reply(socket, await verdict.reply());
    else if (responder.drops(verdict, request)) socket.destroy();
    else {
      const status = verdict.status ?? 403;
      const type = status === 503 ? "unavailable" : "denied";
      reply(
        socket,
        problem({ status, type, title: STATUS_CODES[status] ?? "", members: { id: request.id } }),
      );
    }
  } catch (error) {
    pipeline.fault("upgrade", error, undefined, request);
    reply(
      socket,
      problem({
        status: 503,
        type: "unavailable",
        title: "Service Unavailable",
        members: { id: request.id },
      }),
    );
  }
  return false;
}

function reply(socket: Duplex, { status, headers, body }: Reply): void {
  if (socket.destroyed) return;
  const lines = Object.entries({
    ...headers,
    Connection: "close",
    "Content-Length": String(Buffer.byteLength(body)),
  }).flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => `${name}: ${one}`));
  // Nothing reads this socket any more, so its end would never be noticed.
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("\r\n")}\r\n\r\n${body.toString()}`,
    () => socket.destroy(),
  );
}
