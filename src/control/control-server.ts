import { createServer, type Server, type Socket } from "node:net";
import { messageOf } from "../errors.js";
import { carryOut, type ControlParts } from "./carry-out.js";
import { MAX_REQUEST, type ControlAnswer } from "./messages.js";
import { readControlOptions, type ControlOptions } from "./options.js";
import { readRequest } from "./read-request.js";
import { listenAt } from "./socket-file.js";

/** A control socket that is open. */
export interface Control {
  /** Where it is. */
  readonly path: string;
  /** Removes the socket and drops who is connected. Calling it twice is harmless. */
  close(): Promise<void>;
}

/** Who may be connected at a time; one command each. */
const MAX_CONNECTIONS = 8;
/** How long a client may take to say what it wants, in ms. */
const REQUEST_MS = 10_000;
/** How long carrying it out and reading the answer may take, in ms: downloads take a while. */
const ANSWER_MS = 180_000;

/**
 * Opens a control socket: a unix socket that only this user may open, through which the command line looks at a running app and
 * acts on it. A connection carries one request and one answer, a line of JSON each. It keeps no process alive.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every wrong option, as a rejection
 * @throws {ControlSocketError} `ERR_BUNKER_CONTROL` when the socket cannot be made, as a rejection
 */
export async function controlServer(parts: ControlParts, options: ControlOptions = {}): Promise<Control> {
  const { path } = readControlOptions(options);
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    serve(parts, socket);
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.unref();
  const remove = await listenAt(server, path);
  // A listener that breaks later leaves the app alone.
  server.on("error", () => undefined);
  return {
    path,
    async close() {
      remove();
      for (const socket of open) socket.destroy();
      await closed(server);
    },
  };
}

function serve(parts: ControlParts, socket: Socket): void {
  let line = "";
  let asked = false;
  socket.unref();
  socket.setEncoding("utf8");
  socket.on("error", () => socket.destroy());
  let deadline = setTimeout(() => socket.destroy(), REQUEST_MS).unref();
  socket.once("close", () => clearTimeout(deadline));
  const ask = (): void => {
    asked = true;
    clearTimeout(deadline);
    deadline = setTimeout(() => socket.destroy(), ANSWER_MS).unref();
    void answerTo(parts, line).then((answer) => socket.end(`${answer}\n`));
  };
  socket.on("data", (text: string) => {
    // Whatever follows the line is not looked at.
    if (asked) return;
    const end = text.indexOf("\n");
    line += end < 0 ? text : text.slice(0, end);
    if (end >= 0 || line.length > MAX_REQUEST) ask();
  });
  socket.on("end", () => {
    if (!asked) socket.end();
  });
}

// Never rejects.
async function answerTo(parts: ControlParts, line: string): Promise<string> {
  let answer: ControlAnswer;
  try {
    answer = { ok: true, result: await carryOut(parts, readRequest(line)) };
    return JSON.stringify(answer);
  } catch (error) {
    const { code } = error as { code?: unknown };
    answer = {
      ok: false,
      error: { code: typeof code === "string" ? code : "ERR_BUNKER_CONTROL", message: messageOf(error) },
    };
    return JSON.stringify(answer);
  }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (server.listening) server.close(() => resolve());
    else resolve();
  });
}
