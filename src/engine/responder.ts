import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Http2Stream } from "node:http2";
import { denyPage } from "../pages/deny-page.js";
import { negotiateLanguage } from "../pages/negotiate.js";
import { pageHeaders } from "../pages/page.js";
import { BunkerHookError, messageOf } from "../errors.js";
import type { RequestView } from "../request/request-view.js";
import type { Context } from "./context.js";
import { statusSent } from "../request/status-sent.js";
import { type Reply, type Challenge, type Deny } from "../request/verdict.js";
import { isThenable } from "../awaitable.js";
import { UNKNOWN_SERVICE } from "../service-name.js";

/** Headers of every response of ours: caches keep none of them, and no other site learns the path in a Referer. */
export const REPLY_HEADERS: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "CDN-Cache-Control": "no-store",
  Vary: "Accept, Accept-Language, Cookie",
  "Referrer-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "X-Robots-Tag": "noindex, nofollow",
};

const PROBLEM_HEADERS = { ...REPLY_HEADERS, "Content-Type": "application/problem+json" };

export interface ProblemReply {
  readonly status: number;
  /** The last part of the problem's URN. */
  readonly type: string;
  readonly title: string;
  readonly members?: Readonly<Record<string, unknown>>;
  /** Values of `Set-Cookie` headers. */
  readonly cookies?: readonly string[];
}

/** Makes an `application/problem+json` response (RFC 9457). */
export function problem({ status, type, title, members = {}, cookies = [] }: ProblemReply): Reply {
  return {
    status,
    headers: { ...PROBLEM_HEADERS, ...(cookies.length > 0 ? { "Set-Cookie": [...cookies] } : {}) },
    body: problemBody({ status, type, title, members }),
  };
}

function problemBody({ status, type, title, members }: ProblemReply): string {
  return JSON.stringify({ type: `urn:express-bunker:${type}`, title, status, ...members });
}

const PROBLEMS: Readonly<Record<number, { type: string; title: string }>> = {
  429: { type: "too-many-requests", title: "Too Many Requests" },
  503: { type: "unavailable", title: "Service Unavailable" },
};

/** HTTP/2's NO_ERROR and CANCEL (RFC 9113, 7). */
const NO_ERROR = 0;
const CANCEL = 8;

/** The only code that writes our responses: refusals, and challenges of the gate. */
export class Responder {
  private denyHeadersMade: Readonly<Record<string, string>> | undefined;
  /** The headers of refusals with the length of their body, by its kind: only the id in it changes, and all ids are as long. */
  private readonly sized = new Map<string, Readonly<Record<string, string>>>();

  constructor(private readonly context: Context) {}

  private get denyHeaders(): Readonly<Record<string, string>> {
    return (this.denyHeadersMade ??= { ...REPLY_HEADERS, ...pageHeaders(this.context.options.theme) });
  }

  /** Responds to a request with a verdict other than a pass; in `detect` mode only emits the event and calls `next`. */
  respond(
    verdict: Deny | Challenge,
    request: RequestView,
    res: ServerResponse,
    next: (err?: unknown) => void,
  ): void {
    this.emit(verdict, request);
    if (this.context.mode === "detect" && !this.stillServes(verdict)) {
      next();
      return;
    }
    request.ownResponse ??= "refused";
    try {
      if (verdict.action === "deny") this.deny(verdict, request, res);
      else this.challenge(verdict, request, res);
    } catch (error) {
      this.failed(verdict, request, res, error);
    }
  }

  // Visitors who were challenged before detect mode was set at run time may solve the challenge that they have.
  private stillServes(verdict: Deny | Challenge): boolean {
    return (
      verdict.action === "challenge" && verdict.serving === true && this.context.options.mode !== "detect"
    );
  }

  refusal(verdict: Deny, request: RequestView): Reply {
    const status = verdict.status ?? 403;
    if (request.wantsJson) {
      const { type, title } = PROBLEMS[status] ?? { type: "denied", title: "Forbidden" };
      const body = problemBody({ status, type, title, members: { id: request.id } });
      return { status, headers: this.withLength(`json ${status}`, PROBLEM_HEADERS, body), body };
    }
    const { deny, theme } = this.context.options;
    const language = negotiateLanguage(request.header("accept-language"));
    const own = deny.render === undefined ? undefined : this.rendered(verdict, request, language);
    if (own !== undefined) return { status, headers: withoutCsp(this.denyHeaders), body: own };
    const unavailable = status === 503;
    const body = denyPage({ language, theme, referenceId: request.id, unavailable });
    const kind = unavailable ? `unavailable ${language}` : language;
    return { status, headers: this.withLength(kind, this.denyHeaders, body), body };
  }

  private withLength(
    kind: string,
    headers: Readonly<Record<string, string>>,
    body: string,
  ): Readonly<Record<string, string>> {
    let sized = this.sized.get(kind);
    if (sized === undefined) {
      sized = { ...headers, "Content-Length": String(Buffer.byteLength(body)) };
      this.sized.set(kind, sized);
    }
    return sized;
  }

  /** Whether a refusal drops the connection without a byte. */
  drops(verdict: Deny, request: RequestView): boolean {
    if (verdict.status !== undefined) return false;
    const { status, force } = this.context.options.deny;
    return status === 444 && (force || request.knownClient(this.context.resolver)?.proxied !== true);
  }

  private deny(verdict: Deny, request: RequestView, res: ServerResponse): void {
    if (this.drops(verdict, request)) drop(res);
    else send(this.refusal(verdict, request), request, res);
  }

  private challenge(verdict: Challenge, request: RequestView, res: ServerResponse): void {
    const reply = verdict.reply();
    if (!isThenable(reply)) send(reply, request, res);
    else
      reply
        .then((late) => send(late, request, res))
        .catch((error: unknown) => this.failed(verdict, request, res, error));
  }

  private rendered(verdict: Deny, request: RequestView, language: string): string | undefined {
    try {
      const html = this.context.options.deny.render?.(request.raw as never, {
        id: request.id,
        reason: verdict.reason,
        ban: verdict.ban,
        language,
      });
      if (typeof html === "string") return html;
      throw new BunkerHookError("deny.render", "must return the page's HTML, not a promise");
    } catch (error) {
      this.context.emit(
        "fault",
        { protection: "responder", reason: "hook", data: messageOf(error) },
        undefined,
        request,
      );
      return undefined;
    }
  }

  emit(verdict: Deny | Challenge, request: RequestView): void {
    if (verdict.action === "challenge" && verdict.serving === true) return;
    const type = verdict.action === "deny" ? "denied" : "challenged";
    const { events, meter, mode, resolver } = this.context;
    if (meter.isHeard) {
      // Metrics do not listen for these events: under attack, an event for each refusal would cost a read of the ban.
      const service = request.knownClient(resolver)?.service ?? UNKNOWN_SERVICE;
      meter.refused(type, verdict, { service, mode }, request);
    }
    if (!events.hears(type)) return;
    const { protection, reason, data } = verdict;
    const about = { protection, reason, data, status: this.statusOf(verdict, request) };
    this.context.emit(type, about, request.knownClient(resolver), request);
  }

  private statusOf(verdict: Deny | Challenge, request: RequestView): number | undefined {
    if (verdict.action === "challenge" || this.context.mode === "detect") return undefined;
    return this.drops(verdict, request) ? 444 : (verdict.status ?? 403);
  }

  // If a response cannot be made, the visitor gets a plain 503 and the operator the reason.
  private failed(verdict: Deny | Challenge, request: RequestView, res: ServerResponse, error: unknown): void {
    this.context.emit(
      "fault",
      { protection: verdict.protection, reason: "exception", data: messageOf(error) },
      undefined,
      request,
    );
    if (statusSent(res)) res.destroy();
    else
      send(
        problem({
          status: 503,
          type: "unavailable",
          title: "Service Unavailable",
          members: { id: request.id },
        }),
        request,
        res,
      );
  }
}

// HEAD gets no body, and the body of a refused request is never read.
function send({ status, headers, body }: Reply, request: RequestView, res: ServerResponse): void {
  if (statusSent(res) || res.destroyed) return;
  const unread = hasUnreadBody(request.message);
  if (!unread && headers["Content-Length"] !== undefined)
    res.writeHead(status, headers as OutgoingHttpHeaders);
  else
    res.writeHead(status, {
      ...headers,
      "Content-Length": Buffer.byteLength(body),
      ...(unread ? { Connection: "close" } : {}),
    });
  if (request.method === "HEAD") res.end();
  else res.end(body);
  // Node resets the stream of an unfinished body itself, but not when a part of it was read.
  const { stream } = res as { readonly stream?: Http2Stream };
  // Before the client has sent its body, Node's own client would never close the stream.
  if (stream?.readableEnded === false && stream.readableDidRead) stream.close(NO_ERROR);
}

function hasUnreadBody(req: IncomingMessage): boolean {
  if (req.httpVersionMajor >= 2 || req.complete) return false;
  const { headers } = req;
  return (
    headers["transfer-encoding"] !== undefined ||
    (headers["content-length"] !== undefined && headers["content-length"] !== "0")
  );
}

function drop(res: ServerResponse): void {
  const { stream } = res as { readonly stream?: { close(code: number): void; readonly id?: number } };
  if (stream?.id !== undefined) stream.close(CANCEL);
  else (res.socket ?? res.req.socket).destroy();
}

// A page of the app's own has its own style and script, which our policy would block.
function withoutCsp(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.toLowerCase() !== "content-security-policy"),
  );
}
