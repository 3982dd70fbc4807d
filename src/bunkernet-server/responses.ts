import type { IncomingMessage, ServerResponse } from "node:http";
import type { ListSnapshot } from "./published-list.js";

/** What a call is answered with: `data` as it goes into `{"result":…,"data":…}`. */
export interface ApiResponse {
  readonly status: number;
  readonly data: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A call that went well. */
export const ok = (data: unknown): ApiResponse => ({ status: 200, data });
/** A call that did not. */
export const ko = (status: number, data: string, headers?: Record<string, string>): ApiResponse => ({
  status,
  data,
  ...(headers === undefined ? {} : { headers }),
});

/** Asks to come back later: clients keep their reports when they see 429, and lose them over most other statuses. */
export const tooManyRequests = (seconds: number, why: string): ApiResponse =>
  ko(429, why, { "Retry-After": String(seconds) });

/** Writes an answer. What is left of the request's body is read and thrown away for `linger` ms at most. */
export function send(req: IncomingMessage, res: ServerResponse, answer: ApiResponse, linger: number): void {
  if (res.headersSent || res.destroyed) return;
  const body = Buffer.from(
    JSON.stringify({ result: answer.status < 400 ? "ok" : "ko", data: answer.data }),
    "utf8",
  );
  res.statusCode = answer.status;
  for (const [name, value] of Object.entries(answer.headers ?? {})) res.setHeader(name, value);
  res.setHeader("Content-Type", "application/json");
  res.setHeader("Cache-Control", "no-store");
  finish(req, res, body, linger);
}

/** Answers the list: 304 to who has it, compressed to who can read that. */
export function sendList(
  req: IncomingMessage,
  res: ServerResponse,
  list: ListSnapshot,
  linger: number,
): void {
  if (res.headersSent || res.destroyed) return;
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
  // Closing at once would make the answer be lost to a client that is still sending.
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
    if (name === "gzip" || name === "*") return !parameters.some((one) => /^q=0(\.0*)?$/.test(one));
  }
  return false;
}
