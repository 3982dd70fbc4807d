import { Server as HttpServer, type ServerResponse } from "node:http";
import { Server as HttpsServer } from "node:https";
import type { ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { Engine } from "../engine/engine.js";
import { intercept } from "../engine/intercept.js";
import { viewOf } from "../request/request-view.js";
import { statusSent } from "../request/status-sent.js";

/** How long after a ban the streams that it ends are searched for, in ms: one search serves all bans of that time. */
const CLOSE_AFTER_MS = 20;
/** When to look again for a banned client's response that has not begun, and so may become an event stream, in ms. */
const LOOK_AGAIN_MS = 1000;
/** HTTP/2's CANCEL (RFC 9113, 7). */
const CANCEL = 8;

/** A response, with fields of Node's own. */
interface Response extends ServerResponse {
  /** The head of an HTTP/1 response as it was sent. */
  readonly _header?: string | null;
  /** HTTP/2 only. */
  readonly stream?: ServerHttp2Stream;
}

/**
 * Ends the open event streams of clients of `server` that are banned. On HTTP/1 only connections are tracked: their responses are
 * looked at when a ban comes. Returns a function that undoes it.
 */
export function guardEventStreams(engine: Engine, server: HttpServer): () => void {
  const { banIndex: index, resolver, securityMode } = engine.context;
  const track = speaksHttp1(server) ? trackSockets : trackResponses;
  const { responses, stop } = track(server);
  const isBanned = (req: Response["req"]): boolean => {
    try {
      const request = viewOf(req);
      const client = request.client(resolver, engine.apps.of(req));
      const pipeline = engine.pipelineOf(client);
      if (pipeline.context.mode === "detect") return false;
      return index.find(client, client.service) !== undefined && !pipeline.exempts(client, request);
    } catch {
      // A hook threw, so that the client is not known.
      return false;
    }
  };
  let soon: NodeJS.Timeout | undefined;
  let later: NodeJS.Timeout | undefined;
  const forgetTimers = (): void => {
    clearTimeout(soon);
    clearTimeout(later);
    soon = later = undefined;
  };
  const search = (): void => {
    forgetTimers();
    let unsent = false;
    for (const response of responses()) {
      if (!isBanned(response.req)) continue;
      const type = sentType(response);
      if (type === undefined) unsent = true;
      else if (/^text\/event-stream\b/i.test(type)) end(response);
    }
    if (unsent) later = setTimeout(search, LOOK_AGAIN_MS).unref();
  };
  const searchSoon = (): void => void (soon ??= setTimeout(search, CLOSE_AFTER_MS).unref());
  // Bans of other instances end streams, too, and bans that detect mode has not enforced do when it is over.
  const stops = [stop, index.onBan(searchSoon), securityMode.onChange(searchSoon)];
  return () => {
    for (const one of stops) one();
    forgetTimers();
  };
}

// Other servers speak HTTP/2, whatever the types say.
function speaksHttp1(server: object): boolean {
  return server instanceof HttpServer || server instanceof HttpsServer;
}

interface Tracked {
  readonly responses: () => Iterable<Response>;
  readonly stop: () => void;
}

// HTTP/1 has one response at a time on each connection, and Node keeps it on the socket.
function trackSockets(server: HttpServer): Tracked {
  const event = server instanceof HttpsServer ? "secureConnection" : "connection";
  const open = new Set<Socket>();
  function forget(this: Socket): void {
    open.delete(this);
  }
  const add = (socket: Socket): void => {
    open.add(socket);
    socket.on("close", forget);
  };
  server.on(event, add);
  return {
    *responses() {
      for (const socket of open) {
        const { _httpMessage } = socket as { readonly _httpMessage?: Response | null };
        if (_httpMessage !== undefined && _httpMessage !== null) yield _httpMessage;
      }
    },
    stop: () => void server.off(event, add),
  };
}

// The streams of an HTTP/2 session cannot be listed, so each response is tracked.
function trackResponses(server: HttpServer): Tracked {
  const open = new Set<Response>();
  function forget(this: Response): void {
    open.delete(this);
  }
  const stop = intercept(server, "request", ([, res], pass) => {
    const response = res as Response;
    open.add(response);
    response.on("close", forget);
    pass();
  });
  return { responses: () => open, stop };
}

/** Returns the content type that was sent: `""` = none; `undefined` = the headers are not sent yet. */
function sentType(response: Response): string | undefined {
  if (!statusSent(response)) return undefined;
  const { stream, _header } = response;
  if (stream !== undefined) return String(stream.sentHeaders["content-type"] ?? "");
  // Headers that are given to writeHead are not kept elsewhere.
  if (typeof _header === "string") return /^content-type: *(.*)$/im.exec(_header)?.[1] ?? "";
  return String(response.getHeader("content-type") ?? "");
}

function end({ stream, socket, req }: Response): void {
  if (stream !== undefined) stream.close(CANCEL);
  else (socket ?? req.socket).destroy();
}
