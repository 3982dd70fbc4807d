import type { IncomingMessage, ServerResponse } from "node:http";
import { statusSent } from "../request/status-sent.js";
import type { ListSnapshot } from "./published-list.js";

/** The response to a call: `data` of the body `{"result":…,"data":…}`. */
export interface ApiResponse {
  readonly status: number;
  readonly data: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A successful response. */
export const ok = (data: unknown): ApiResponse => ({ status: 200, data });
/** An error response. */
export const ko = (status: number, data: string, headers?: Record<string, string>): ApiResponse => ({
  status,
  data,
  ...(headers === undefined ? {} : { headers }),
});

/** A 429 response: clients keep their reports after it, and drop them after most other statuses. */
export const tooManyRequests = (seconds: number, why: string): ApiResponse =>
  ko(429, why, { "Retry-After": String(seconds) });

/** Sends a response. The rest of the request's body is read and discarded, for at most `linger` ms. */
export function send(req: IncomingMessage, res: ServerResponse, response: ApiResponse, linger: number): void {
  if (statusSent(res) || res.destroyed) return;
  const body = Buffer.from(
    JSON.stringify({ result: response.status < 400 ? "ok" : "ko", data: response.data }),
    "utf8",
  );
  res.statusCode = response.status;
  for (const [name, value] of Object.entries(response.headers ?? {})) res.setHeader(name, value);
  res.setHeader("Content-Type", "application/json");
  res.setHeader("Cache-Control", "no-store");
  finish(req, res, body, linger);
}

/** Sends the list: 304 if the client has it, compressed if the client accepts gzip. */
export function sendList(
  req: IncomingMessage,
  res: ServerResponse,
  list: ListSnapshot,
  linger: number,
): void {
  if (statusSent(res) || res.destroyed) return;
  res.setHeader("ETag", list.etag);
  res.setHeader("Cache-Control", "private, no-cache");
  res.setHeader("Vary", "Accept-Encoding");
  if (hasTag(req.headers["if-none-match"], list.etag)) {
    res.statusCode = 304;
    finish(req, res, undefined, linger);
    return;
  }
  res.statusCode = 200;
  res.setHeader("Content-Type", "application/json");
  const compressed = list.gzipped.length < list.plain.length && takesGzip(req.headers["accept-encoding"]);
  if (compressed) res.setHeader("Content-Encoding", "gzip");
  finish(req, res, compressed ? list.gzipped : list.plain, linger);
}

function finish(req: IncomingMessage, res: ServerResponse, body: Buffer | undefined, linger: number): void {
  if (body !== undefined) res.setHeader("Content-Length", body.length);
  res.end(body);
  if (req.complete) return;
  // A client that is still sending would lose the response if the connection closed now.
  req.resume();
  const timer = setTimeout(() => req.destroy(), linger).unref();
  req.once("close", () => clearTimeout(timer));
}

function hasTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === "*") return true;
  const opaque = etag.replace(/^W\//, "");
  return header.split(",").some((tag) => tag.trim().replace(/^W\//, "") === opaque);
}

function takesGzip(header: string | undefined): boolean {
  for (const entry of (header ?? "").split(",")) {
    const [name, ...parameters] = entry.split(";").map((part) => part.trim().toLowerCase());
    if (name === "gzip" || name === "*")
      return !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  }
  return false;
}
