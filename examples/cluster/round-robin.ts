import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";

/** Creates a proxy that forwards each request to the next of `ports`. It is for this example only. */
export function roundRobin(ports: readonly number[]): Server {
  let turn = 0;
  return createServer((req, res) => forward(req, res, ports[turn++ % ports.length] as number));
}

function forward(req: IncomingMessage, res: ServerResponse, port: number): void {
  // We append the address of the peer, which we know, to what the client sent.
  const forwarded = [req.headers["x-forwarded-for"] ?? [], req.socket.remoteAddress ?? []].flat().join(", ");
  const outgoing = request({
    host: "127.0.0.1",
    port,
    method: req.method,
    path: req.url,
    headers: { ...req.headers, "x-forwarded-for": forwarded },
  });
  outgoing.on("response", (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(res);
  });
  outgoing.on("error", () => {
    if (res.headersSent) res.destroy();
    else res.writeHead(502).end("no instance responds\n");
  });
  req.on("error", () => outgoing.destroy());
  req.pipe(outgoing);
}
