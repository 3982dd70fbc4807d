import { createServer, type Socket } from "node:net";
import { messageOf } from "../errors.js";
import { allProblemsAtOnce, readOptions } from "../options/table.js";
import { carryOut, type ControlParts } from "./carry-out.js";
import { MAX_REQUEST, type ControlAnswer } from "./messages.js";
import { controlTable, type ControlOptions } from "./options.js";
import { readRequest } from "./read-request.js";
import { listenAt } from "./socket-file.js";

/** An open control socket. */
export interface Control {
  /** The path of the socket. */
  readonly path: string;
  /** Removes the socket and closes its connections. Later calls do nothing. */
  close(): Promise<void>;
}

/** The maximum number of concurrent connections; each carries one command. */
const MAX_CONNECTIONS = 8;
/** The timeout of receiving a request, in ms. */
const REQUEST_MS = 10_000;
/** The timeout of a command and its reply, in ms: downloads take a while. */
const REPLY_MS = 180_000;

/**
 * Opens a control socket: a unix socket that only this user may open, through which the command line inspects and controls a
 * running app. A connection carries one request and one reply, a line of JSON each. The socket keeps no process alive.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every invalid option, as a rejection
 * @throws {ControlSocketError} `ERR_BUNKER_CONTROL` if the socket cannot be created, as a rejection
 */
export async function controlServer(parts: ControlParts, options: ControlOptions = {}): Promise<Control> {
  const { path } = allProblemsAtOnce((report) => readOptions(controlTable, options, "", report));
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    serve(parts, socket);
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.unref();
  const remove = await listenAt(server, path);
  // A later failure of the control socket must not crash the app.
  server.on("error", () => undefined);
  return {
    path,
    async close() {
      remove();
      for (const socket of open) socket.destroy();
      if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** The control sockets of one app. */
export class Controls {
  private readonly open = new Set<Promise<Control>>();
  private closed = false;

  constructor(private readonly parts: ControlParts) {}

  /** Opens a control socket; see {@link controlServer}. */
  async control(options: ControlOptions = {}): Promise<Control> {
    const opening = controlServer(this.parts, options);
    this.open.add(opening);
    try {
      const control = await opening;
      // The app was closed meanwhile.
      if (this.closed) await control.close();
      return {
        path: control.path,
        close: () => {
          this.open.delete(opening);
          return control.close();
        },
      };
    } catch (error) {
      this.open.delete(opening);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const opening of this.open) await (await opening.catch(() => undefined))?.close();
    this.open.clear();
  }
}

function serve(parts: ControlParts, socket: Socket): void {
  let line = "";
  let asked = false;
  socket.unref();
  socket.setEncoding("utf8");
  socket.on("error", () => socket.destroy());
  let deadline = setTimeout(() => socket.destroy(), REQUEST_MS).unref();
  socket.once("close", () => clearTimeout(deadline));
  socket.on("data", (text: string) => {
    // Everything after the first line is ignored.
    if (asked) return;
    const end = text.indexOf("\n");
    line += end < 0 ? text : text.slice(0, end);
    if (end < 0 && line.length <= MAX_REQUEST) return;
    asked = true;
    clearTimeout(deadline);
    deadline = setTimeout(() => socket.destroy(), REPLY_MS).unref();
    void replyTo(parts, line).then((reply) => socket.end(`${reply}\n`));
  });
  socket.on("end", () => {
    if (!asked) socket.end();
  });
}

// Never rejects.
async function replyTo(parts: ControlParts, line: string): Promise<string> {
  try {
    const result = await carryOut(parts, readRequest(line));
    return JSON.stringify({ ok: true, result } satisfies ControlAnswer);
  } catch (error) {
    const { code: own } = error as { code?: unknown };
    const code = typeof own === "string" ? own : "ERR_BUNKER_CONTROL";
    return JSON.stringify({ ok: false, error: { code, message: messageOf(error) } } satisfies ControlAnswer);
  }
}
