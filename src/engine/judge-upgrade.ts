import { STATUS_CODES, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { wasReset, type Client } from "../request/client.js";
import { viewOf } from "../request/request-view.js";
import type { Reply } from "../request/verdict.js";
import type { Context } from "./context.js";
import type { Pipeline } from "./pipeline.js";
import { countRequest } from "./request-meter.js";
import { problem } from "./responder.js";
import type { ServerApps } from "./server-apps.js";

/** What judges an upgrade: an engine. */
interface UpgradeEngine {
  readonly context: Context;
  readonly common: Pipeline;
  readonly apps: ServerApps;
  pipelineOf(client: Client): Pipeline;
}

/** Judges a WebSocket (or other) upgrade: `false` = it got a response and was closed. Never rejects. */
export async function judgeUpgrade(
  engine: UpgradeEngine,
  req: IncomingMessage,
  socket: Duplex,
): Promise<boolean> {
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
    if (context.meter.isRead) countRequest(context, verdict, request, true);
    if (verdict.action !== "pass") responder.emit(verdict, request);
    if (verdict.action === "pass" || context.mode === "detect") {
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
