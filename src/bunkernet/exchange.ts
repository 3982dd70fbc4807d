import {
  request as requestHttp,
  type Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from "node:http";
import { request as requestHttps } from "node:https";

/** One call, as it goes over the wire. */
export interface Call {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly userAgent: string;
  readonly body: string;
  readonly agent: Agent | undefined;
  readonly ca: string | undefined;
  readonly token: string | undefined;
  /** The longest silence, and what a call without `take` may take in all; in ms. */
  readonly timeout: number;
  /** Takes the body of a 200 piece by piece, instead of having it collected. */
  readonly take?: (chunk: Buffer) => Promise<void> | void;
  /** What such a body may take in all, in ms. */
  readonly takeTimeout?: number;
  /** What such a body may weigh, in bytes. */
  readonly takeBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

/** What came back. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Empty for what was taken piece by piece. */
  readonly body: string;
}

/** Every answer but a list is a line. */
const MAX_BODY = 64 * 1024;

/**
 * Makes one call. A GET has a body too, which `fetch` would refuse. Redirects are not followed: nobody but the server that
 * the operator named hears the instance's id. Rejects with what went wrong.
 */
export function exchange(call: Call): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { url, timeout } = call;
    const request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, {
      method: call.method,
      agent: call.agent ?? false,
      headers: {
        "User-Agent": call.userAgent,
        Accept: "*/*",
        "Content-Type": "application/json",
        "Content-Length": Buffer.byteLength(call.body),
        ...(call.token === undefined ? {} : { "X-BunkerNet-Token": call.token }),
      },
      ...(call.ca === undefined ? {} : { ca: call.ca }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
    const clock = new Deadline(timeout, (problem) => request.destroy(problem));
    const settle = (reply: Reply | undefined, error?: unknown): void => {
      clock.stop();
      if (reply === undefined) reject(clock.problem ?? toError(error));
      else resolve(reply);
      request.destroy();
    };
    request.on("error", (error) => settle(undefined, error));
    // Whoever switches protocols unasked is hung up on by Node, without an error.
    const unanswered = (): void => settle(undefined, new Error("closed without an answer"));
    request.on("close", unanswered);
    request.on("response", (response) => {
      // What it has sent may still be read when the connection is closed.
      request.off("close", unanswered);
      receive(call, response, clock).then(
        (reply) => settle(reply),
        (error: unknown) => settle(undefined, error),
      );
    });
    request.end(call.body);
  });
}

async function receive(call: Call, response: IncomingMessage, clock: Deadline): Promise<Reply> {
  const status = response.statusCode ?? 0;
  const { headers } = response;
  const take = status === 200 ? call.take : undefined;
  if (take === undefined) return { status, headers, body: await collect(response) };
  const most = call.takeBytes ?? MAX_BODY;
  if (Number(headers["content-length"] ?? 0) > most) throw new Error(`larger than ${most} bytes`);
  clock.prolong(call.takeTimeout ?? call.timeout);
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > most) throw new Error(`larger than ${most} bytes`);
    // What we take to read is no silence of theirs.
    clock.pause();
    await take(chunk);
    clock.go();
  }
  return { status, headers, body: "" };
}

async function collect(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY) throw new Error(`larger than ${MAX_BODY} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

// One limit for all of it, and once prolonged, one for each silence as well.
class Deadline {
  problem: Error | undefined;
  private whole: NodeJS.Timeout;
  private silence: NodeJS.Timeout | undefined;

  constructor(
    private readonly timeout: number,
    private readonly onLate: (problem: Error) => void,
  ) {
    this.whole = this.timer(timeout);
  }

  prolong(whole: number): void {
    clearTimeout(this.whole);
    this.whole = this.timer(whole);
    this.go();
  }

  pause(): void {
    clearTimeout(this.silence);
  }

  go(): void {
    clearTimeout(this.silence);
    this.silence = this.timer(this.timeout);
  }

  stop(): void {
    clearTimeout(this.whole);
    clearTimeout(this.silence);
  }

  private timer(ms: number): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.problem = new Error(`no whole answer within ${ms} ms`);
      this.onLate(this.problem);
    }, ms);
    timer.unref();
    return timer;
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
