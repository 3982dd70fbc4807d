import http, { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { pipeline, type Readable } from "node:stream";
import { messageOf } from "../errors.js";
import { Deadline } from "./deadline.js";
import { proxyAgentFor } from "./environment-proxy.js";

/** One outgoing call. */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  /** `http:` or `https:`. A user and password in it are sent to its origin only. */
  readonly url: URL;
  readonly headers: OutgoingHttpHeaders;
  /** On GET, too. */
  readonly body?: string;
  /** Certificates to trust instead of the system's, as PEM. */
  readonly ca?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The limit of the whole call, redirects and body included, in ms. */
  readonly timeout: number;
  /** The size limit of the body, in bytes, after decompression. */
  readonly maxBytes: number;
  /** How many redirects are followed, with GET only. Default 0: a redirect is returned as it is. */
  readonly maxRedirects?: number;
  /** Whether the body of a response with this status is read; others are returned without theirs. Default: all. */
  readonly reads?: (status: number) => boolean;
  /** Whether the body may come compressed. Default false. */
  readonly compressed?: boolean;
  /**
   * Takes the body of a 200 chunk by chunk, so that the response has none; the next chunk is read when `take` is done.
   * Its `timeout` counts from the headers on, and the request's `timeout` then limits each silence.
   */
  readonly stream?: {
    readonly take: (chunk: Buffer) => Promise<void> | void;
    readonly timeout: number;
    readonly maxBytes: number;
  };
}

/** What the server sent. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Empty when it was streamed or not read. */
  readonly body: string;
}

/** Why a call has no usable response. */
export class HttpError extends Error {
  constructor(
    readonly kind: "timeout" | "too large" | "redirect" | "failed",
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "HttpError";
  }
}

/** What makes the decoder of each Content-Encoding: the name of a function of node:zlib, which is loaded with the first call. */
const DECODERS = {
  gzip: "createGunzip",
  "x-gzip": "createGunzip",
  deflate: "createInflate",
  br: "createBrotliDecompress",
} as const;

/**
 * Makes one call, on a connection of its own and through the proxy that the environment sets. Unlike `fetch`, it sends a body
 * with GET, too.
 *
 * @throws {HttpError} when there is no response within the limits
 * @throws {OptionalPackageError} when the proxy needs a package that cannot be loaded
 */
export async function send(request: HttpRequest): Promise<HttpResponse> {
  const abort = new AbortController();
  const cancel = (): void => abort.abort();
  const deadline = new Deadline(request.timeout, cancel, (ms) => {
    return new HttpError("timeout", `no complete response within ${ms} ms`);
  });
  if (request.signal?.aborted === true) cancel();
  request.signal?.addEventListener("abort", cancel);
  try {
    return await follow(request, abort.signal, deadline);
  } catch (error) {
    throw deadline.problem ?? error;
  } finally {
    deadline.stop();
    request.signal?.removeEventListener("abort", cancel);
  }
}

async function follow(request: HttpRequest, signal: AbortSignal, deadline: Deadline): Promise<HttpResponse> {
  const { maxRedirects = 0 } = request;
  let { url } = request;
  for (let redirects = 0; ; redirects++) {
    const response = await exchange({ ...request, url, signal }, deadline);
    const { location } = response.headers;
    if (maxRedirects === 0 || location === undefined || !isRedirect(response.status)) return response;
    if (redirects === maxRedirects) throw new HttpError("redirect", `more than ${maxRedirects} redirects`);
    const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
    if (next === undefined || !/^https?:$/.test(next.protocol))
      throw new HttpError("redirect", "a redirect to an address that is not http or https");
    const sameOrigin = next.origin === url.origin;
    next.username = sameOrigin ? url.username : "";
    next.password = sameOrigin ? url.password : "";
    url = next;
  }
}

function exchange(call: HttpRequest, deadline: Deadline): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const { url, body, ca, signal } = call;
    const request = (
      url.protocol === "https:" ? process.getBuiltinModule("node:https").request : http.request
    )(url, {
      method: call.method,
      // One connection a call: what was sent must not be sent again because a kept connection turned out to be closed.
      agent: proxyAgentFor(url) ?? false,
      headers: {
        ...call.headers,
        ...(call.compressed === true ? { "Accept-Encoding": "gzip, deflate, br" } : {}),
        ...(body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) }),
      },
      ...(ca === undefined ? {} : { ca }),
      ...(signal === undefined ? {} : { signal }),
    });
    const fail = (error: unknown): void => {
      reject(
        error instanceof HttpError ? error : new HttpError("failed", messageOf(error), { cause: error }),
      );
      request.destroy();
    };
    request.on("error", fail);
    // Node hangs up, without an error, on a server that switches protocols unasked.
    const closed = (): void => fail(new HttpError("failed", "closed without a response"));
    request.on("close", closed);
    request.on("response", (response) => {
      // What the server has sent may still be read when the connection is closed.
      request.off("close", closed);
      receive(call, response, deadline).then((received) => {
        resolve(received);
        request.destroy();
      }, fail);
    });
    request.end(body);
  });
}

async function receive(
  request: HttpRequest,
  response: IncomingMessage,
  deadline: Deadline,
): Promise<HttpResponse> {
  const { statusCode: status = 0, headers } = response;
  const follows = (request.maxRedirects ?? 0) > 0 && isRedirect(status);
  if (follows || request.reads?.(status) === false) return { status, headers, body: "" };
  const stream = status === 200 ? request.stream : undefined;
  const { maxBytes } = stream ?? request;
  if (Number(headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  if (stream !== undefined) deadline.extend(stream.timeout, request.timeout);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of decoded(request, response) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    if (stream === undefined) {
      chunks.push(chunk);
      continue;
    }
    // The time that we take to read is not the other side's silence.
    deadline.pause();
    await stream.take(chunk);
    deadline.resume();
  }
  return { status, headers, body: Buffer.concat(chunks).toString("utf8") };
}

function decoded(request: HttpRequest, response: IncomingMessage): Readable {
  if (request.compressed !== true) return response;
  const encoding = (response.headers["content-encoding"] ?? "identity").toLowerCase();
  if (encoding === "identity") return response;
  if (!Object.hasOwn(DECODERS, encoding)) throw new HttpError("failed", "an unknown Content-Encoding");
  const decoder = process.getBuiltinModule("node:zlib")[DECODERS[encoding as keyof typeof DECODERS]]();
  // Its errors arrive where the decoder is read.
  return pipeline(response, decoder, () => undefined);
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError("too large", `larger than ${maxBytes} bytes`);
}
