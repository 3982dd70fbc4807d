import type { IncomingMessage, ServerResponse } from "node:http";
import { denyPage } from "../pages/deny-page.js";
import { negotiateLanguage } from "../pages/negotiate.js";
import { pageHeaders } from "../pages/page.js";
import { BunkerHookError, messageOf } from "../errors.js";
import type { RequestView } from "../request/request-view.js";
import type { Context } from "./context.js";
import { type Reply, type Challenge, type Deny } from "../request/verdict.js";
import { isThenable } from "../awaitable.js";

/** Headers of every answer of ours: caches keep none of them, and no page of another site learns where it came from. */
export const REPLY_HEADERS: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "CDN-Cache-Control": "no-store",
  Vary: "Accept, Accept-Language, Cookie",
  "Referrer-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "X-Robots-Tag": "noindex, nofollow",
};

/** An `application/problem+json` answer (RFC 9457). */
export function problem(
  status: number,
  type: string,
  title: string,
  members: Readonly<Record<string, unknown>> = {},
  cookies: readonly string[] = [],
): Reply {
  return {
    status,
    headers: {
      ...REPLY_HEADERS,
      "Content-Type": "application/problem+json",
      ...(cookies.length > 0 ? { "Set-Cookie": [...cookies] } : {}),
    },
    body: JSON.stringify({ type: `urn:express-bunker:${type}`, title, status, ...members }),
  };
}

interface Http2Response {
  readonly stream?: { close(code: number): void; readonly id?: number };
}

/** HTTP/2's CANCEL (RFC 9113, 7). */
const CANCEL = 8;

/** The only code that answers for us: refusals, and what the gate has to say. */
export class Responder {
  private readonly denyHeaders: Readonly<Record<string, string>>;

  constructor(private readonly context: Context) {
    this.denyHeaders = { ...REPLY_HEADERS, ...pageHeaders(context.options.theme) };
  }

  /** Answers a verdict that is no pass; in `detect` mode only tells of it and calls `next`. */
  answer(
    verdict: Deny | Challenge,
    request: RequestView,
    res: ServerResponse,
    next: (err?: unknown) => void,
  ): void {
    this.emit(verdict, request);
    if (this.context.options.mode === "detect") {
      next();
      return;
    }
    request.answered ??= "refused";
    try {
      if (verdict.action === "deny") this.deny(verdict, request, res);
      else this.challenge(verdict, request, res);
    } catch (error) {
      this.failed(verdict, request, res, error);
    }
  }

  /** What a refusal says: the page, JSON, or nothing but the status. */
  refusal(verdict: Deny, request: RequestView): Reply {
    const status = verdict.status ?? 403;
    if (request.wantsJson) {
      return problem(
        status,
        verdict.status === 503 ? "unavailable" : "denied",
        verdict.status === 503 ? "Service Unavailable" : "Forbidden",
        { id: request.id },
      );
    }
    const { deny, theme } = this.context.options;
    const language = negotiateLanguage(request.header("accept-language"));
    const own = deny.render === undefined ? undefined : this.rendered(verdict, request, language);
    if (own !== undefined) return { status, headers: withoutCsp(this.denyHeaders), body: own };
    return {
      status,
      headers: this.denyHeaders,
      body: denyPage({ language, theme, referenceId: request.id, unavailable: status === 503 }),
    };
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
    const answer = verdict.reply();
    if (!isThenable(answer)) send(answer, request, res);
    else
      answer
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
      throw new BunkerHookError("deny.render", "must answer the page's HTML at once");
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

  /** Emits the event of a refusal or a challenge. */
  emit(verdict: Deny | Challenge, request: RequestView): void {
    if (verdict.action === "challenge" && verdict.serving === true) return;
    const type = verdict.action === "deny" ? "denied" : "challenged";
    if (!this.context.events.hears(type)) return;
    this.context.emit(type, verdict, request.knownClient(this.context.resolver), request);
  }

  // Whatever goes wrong while answering, the visitor gets a plain 503 and the operator the reason.
  private failed(verdict: Deny | Challenge, request: RequestView, res: ServerResponse, error: unknown): void {
    this.context.emit(
      "fault",
      { protection: verdict.protection, reason: "exception", data: messageOf(error) },
      undefined,
      request,
    );
    if (res.headersSent) res.destroy();
    else send(problem(503, "unavailable", "Service Unavailable", { id: request.id }), request, res);
  }
}

/** Sends an answer: no body for HEAD, and no reading of bodies that nobody will look at. */
function send(answer: Reply, request: RequestView, res: ServerResponse): void {
  if (res.headersSent || res.destroyed) return;
  const headers: Record<string, string | string[] | number> = { ...answer.headers };
  const body = answer.body;
  headers["Content-Length"] = Buffer.byteLength(body);
  if (hasUnreadBody(request.message)) headers["Connection"] = "close";
  res.writeHead(answer.status, headers);
  if (request.method === "HEAD") res.end();
  else res.end(body);
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
  const { stream } = res as Http2Response;
  if (stream?.id !== undefined) stream.close(CANCEL);
  else (res.socket ?? res.req.socket).destroy();
}

// A page of the user's own brings its own style and script, which our policy would stop.
function withoutCsp(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.toLowerCase() !== "content-security-policy"),
  );
}
