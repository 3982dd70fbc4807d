import type { IncomingMessage, ServerResponse } from "node:http";

/** A response of a page for operators. */
interface OperatorPage {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Responds with the page that `make` returns: to GET and HEAD only, and never from a cache. An error becomes a 500. */
export function respondWith(
  req: IncomingMessage,
  res: ServerResponse,
  make: () => Promise<OperatorPage>,
): void {
  if (req.method !== "GET" && req.method !== "HEAD") {
    res.writeHead(405, { Allow: "GET, HEAD", "Content-Length": 0 }).end();
    return;
  }
  make().then(
    (page) => send(req, res, page),
    () =>
      send(req, res, {
        status: 500,
        type: "text/plain; charset=utf-8",
        body: "the page could not be made\n",
      }),
  );
}

function send(req: IncomingMessage, res: ServerResponse, { status, type, body }: OperatorPage): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, {
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    Vary: "Accept",
  });
  res.end(req.method === "HEAD" ? undefined : body);
}
