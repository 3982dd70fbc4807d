import { STATUS_CODES, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Engine } from "./engine.js";
import { viewOf, type RequestView } from "../request/request-view.js";
import type { Reply, Deny } from "../request/verdict.js";
import { isReset } from "./reset.js";
import { problem } from "./responder.js";

/**
 * Judges a WebSocket (or other) upgrade, which no middleware ever sees. Answers `true` = let it through; `false` = it was
 * answered and closed. Never rejects.
 */
export async function judgeUpgrade(engine: Engine, req: IncomingMessage, socket: Duplex): Promise<boolean> {
  const request = viewOf(req);
  // A peer that goes away while we think must not bring the process down.
  const ignore = (): void => undefined;
  socket.on("error", ignore);
  try {
    if (isReset(request.client(engine.context.resolver), req)) {
      socket.destroy();
      return false;
    }
    const verdict = await engine.judge(request);
    if (verdict.action !== "pass") engine.tell(verdict, request);
    if (verdict.action === "pass" || modeFor(engine, request) === "detect") {
      socket.off("error", ignore);
      return true;
    }
    if (verdict.action === "deny" && engine.drops(verdict, request)) socket.destroy();
    else answer(socket, verdict.action === "deny" ? refusal(verdict, request) : await verdict.reply());
  } catch (error) {
    engine.fault("upgrade", "exception", error, undefined, request);
    answer(socket, problem(503, "unavailable", "Service Unavailable", { id: request.id }));
  }
  return false;
}

function modeFor(engine: Engine, request: RequestView): "block" | "detect" {
  const client = request.knownClient(engine.context.resolver);
  return (client === undefined ? engine : engine.forClient(client)).context.options.mode;
}

function refusal(verdict: Deny, request: RequestView): Reply {
  const status = verdict.status ?? 403;
  return problem(status, status === 503 ? "unavailable" : "denied", STATUS_CODES[status] ?? "", {
    id: request.id,
  });
}

function answer(socket: Duplex, { status, headers, body }: Reply): void {
  if (socket.destroyed) return;
  const lines = Object.entries({
    ...headers,
    Connection: "close",
    "Content-Length": String(Buffer.byteLength(body)),
  }).flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => `${name}: ${one}`));
  // Nobody reads this socket any more, so its end would never be noticed.
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("\r\n")}\r\n\r\n${body.toString()}`,
    () => socket.destroy(),
  );
}
