import type { ServerResponse } from "node:http";
import { isThenable, type Awaitable } from "../awaitable.js";
import { BunkerHookError, messageOf, StoreFailure } from "../errors.js";
import { HOUR_MS } from "../events/active-warnings.js";
import type { Client } from "../request/client.js";
import { hasLeft } from "../request/response-ends.js";
import type { RequestBan, RequestFailure, RequestView } from "../request/request-view.js";
import { statusSent } from "../request/status-sent.js";
import { PASS, type Deny, type Pass, type Verdict } from "../request/verdict.js";
import { CarriedPasses } from "./carried-passes.js";
import type { Context } from "./context.js";
import type { Protection } from "./protection.js";
import { KnownVisitors, type KnownVisitor } from "./known-visitors.js";
import { countRequest } from "./request-meter.js";
import { Responder } from "./responder.js";
import { UNKNOWN_SERVICE } from "../service-name.js";

/** The verdict on a client that is on `allow`. */
export const ALLOWED: Pass = Object.freeze({ action: "pass", why: "allow" });
const SKIPPED: Pass = Object.freeze({ action: "pass", why: "skip" });
/** Lets a request through although its protection broke. */
const BROKEN: Pass = Object.freeze({ action: "pass", why: "fault" });

/** How long bans by the app last when neither the app nor a protection sets a time, in seconds. */
const DEFAULT_BAN_TIME = 86_400;

/** Judges the requests of one service by its protections, in order, and settles them. */
export class Pipeline {
  readonly responder: Responder;
  private readonly observers: readonly Protection[];
  /** The protection that limits requests in flight. */
  private readonly admission: Protection | undefined;
  private readonly connectionProtections: readonly Protection[];
  /** `undefined` where every request must be judged in full. */
  private readonly visitors: KnownVisitors | undefined;

  constructor(
    readonly context: Context,
    readonly protections: readonly Protection[],
  ) {
    this.responder = new Responder(context);
    this.observers = protections.filter((protection) => protection.observe !== undefined);
    this.admission = protections.find((protection) => protection.admit !== undefined);
    this.connectionProtections = protections.filter((protection) => protection.requestsOnly !== true);
    const { options, generation, now } = context;
    const remembers =
      options.skip === undefined && protections.some((protection) => protection.grounds !== undefined);
    this.visitors = remembers ? new KnownVisitors(protections, generation, now) : undefined;
  }

  /** Returns what all protections together decide about a request. */
  judge(client: Client, request: RequestView): Awaitable<Verdict> {
    // An allowed client and a skipped request are neither judged nor counted.
    if (this.allows(client)) return ALLOWED;
    const { skip, unknownHost } = this.context.options;
    if (skip !== undefined && this.skips(skip, client, request)) return SKIPPED;
    if (client.service === undefined && unknownHost === "deny")
      return this.refuseUnknownHost(client, request);
    const { visitors } = this;
    const known = visitors?.recall(client, request);
    const verdict = this.walk(this.protections, client, request, known);
    if (verdict === PASS && known === undefined) visitors?.remember(client, request);
    return verdict;
  }

  /**
   * Returns what all protections together decide about a connection before its first request: no hook that reads requests is
   * called, and the Host is not known yet.
   */
  judgeConnection(client: Client, request: RequestView): Awaitable<Verdict> {
    return this.allows(client) ? ALLOWED : this.walk(this.connectionProtections, client, request);
  }

  /** Passes a request on to the app, or has the responder respond to it. */
  settle(
    verdict: Awaitable<Verdict>,
    request: RequestView,
    res: ServerResponse,
    next: (err?: unknown) => void,
  ): void {
    if (isThenable(verdict)) {
      this.settleLater(verdict, request, res, next);
      return;
    }
    const client = this.observers.length > 0 ? this.observe(verdict, request, res) : undefined;
    const { admission } = this;
    if (
      verdict.action === "pass" &&
      client !== undefined &&
      admission !== undefined &&
      admission.admit?.(client, request, res) === false
    ) {
      const resume = (late: Verdict): void => this.finish(late, request, res, next);
      admission.hold?.({ client, request, res, resume });
      return;
    }
    this.finish(verdict, request, res, next);
  }

  /** How many requests were of remembered visitors; `undefined` where none are remembered. */
  get visitorCache(): { readonly hits: number; readonly misses: number } | undefined {
    return this.visitors;
  }

  /** Whether a request is not judged at all: its client is on `allow`, or `skip` says so. */
  exempts(client: Client, request: RequestView): boolean {
    const { skip } = this.context.options;
    return this.allows(client) || (skip !== undefined && this.skips(skip, client, request));
  }

  /** Whether the client is on `allow`. */
  allows({ trustedIdentity: { address } }: Client): boolean {
    const { allow } = this.context.options;
    return address !== undefined && allow.size > 0 && allow.has(address);
  }

  /** Returns the verdict after `protection` threw; without a protection, after the client could not be determined. */
  broken(error: unknown, request: RequestView, client?: Client, protection?: Protection): Verdict {
    const name = protection?.name ?? "client";
    const store = error instanceof StoreFailure;
    this.fault(name, error, client, request);
    const refuse = store
      ? this.context.options.onStoreError === "deny"
      : this.protections.some(
          (one) => one.failClosed === true && (protection === undefined || one === protection),
        );
    const reason = store ? "store error" : "fault";
    const deny: Deny = { action: "deny", protection: name, reason, data: {}, status: 503 };
    return refuse ? deny : BROKEN;
  }

  /** Emits a fault: something that went wrong on our side. */
  fault(source: string, error: unknown, client: Client | undefined, request: RequestView): void {
    const reason = error instanceof StoreFailure ? "store" : "exception";
    this.context.emit("fault", { protection: source, reason, data: messageOf(error) }, client, request);
  }

  /** Notifies the observers that the client has left before the response had a status. */
  clientLeft(client: Client, request: RequestView, res: ServerResponse): void {
    for (const observer of this.observers) {
      try {
        observer.left?.(client, request, res);
      } catch (error) {
        this.fault(observer.name, error, client, request);
      }
    }
  }

  /** Counts a failure for the app. Returns `false` if no protection counts here. */
  failed(client: Client, request: RequestView, failure: RequestFailure): boolean {
    const counter = this.observers.find((observer) => observer.fail !== undefined);
    try {
      counter?.fail?.(client, request, failure);
    } catch (error) {
      this.fault(counter?.name ?? "", error, client, request);
    }
    return counter !== undefined;
  }

  /** Notifies the observers of a response that has ended. Its status line was sent. */
  responseEnded(client: Client, request: RequestView, status: number, res?: ServerResponse): void {
    for (const observer of this.observers) {
      try {
        observer.observe?.(client, request, status, res);
      } catch (error) {
        this.fault(observer.name, error, client, request);
      }
    }
  }

  /** Bans a request's client for the app. Never rejects: errors are emitted as faults. */
  async banNow(request: RequestView, options: RequestBan): Promise<void> {
    const client = request.client(this.context.resolver);
    const { banLocal } = this.context.options;
    const banTime = this.protections.find((protection) => protection.banTime !== undefined)?.banTime;
    const {
      ttl = banTime ?? DEFAULT_BAN_TIME,
      reason = "application",
      scope = "service",
      data = {},
    } = options;
    if (client.identity.isProxy || (!banLocal && !client.isGlobal)) {
      this.context.events.warn(
        "WRN_BUNKER_NOT_BANNED",
        `a ban of ${client.ip} was asked for, but proxies and non-global addresses are never banned`,
        client.key,
        { ip: client.ip, lasts: HOUR_MS },
      );
      return;
    }
    if (this.context.mode === "detect") {
      this.context.emit("banned", { protection: "application", reason, data }, client, request);
      return;
    }
    const { id, method, path, pass } = request;
    if (pass !== undefined) this.context.banIndex.revoked.revoke(pass.id);
    this.context.scope.get(CarriedPasses).note(client, request);
    try {
      await this.context.bans.addUnlessBanned(client.key, {
        reason,
        ttl,
        scope: client.service === undefined ? "global" : scope,
        service: client.service ?? UNKNOWN_SERVICE,
        address: client.ip,
        data,
        force: client.isLoopback,
        source: { protection: "application", id, method, path: path.path },
      });
    } catch (error) {
      this.fault("application", error, client, request);
    }
  }

  private finish(
    verdict: Verdict,
    request: RequestView,
    res: ServerResponse,
    next: (err?: unknown) => void,
  ): void {
    if (this.context.meter.isRead) countRequest(this.context, verdict, request, this.isFirst(request));
    if (verdict.action === "pass") {
      if (request.cookies !== undefined && !statusSent(res)) res.appendHeader("Set-Cookie", request.cookies);
      next();
      return;
    }
    request.note(verdict);
    this.responder.respond(verdict, request, res, next);
  }

  // Whether no other middleware on this store has judged the request before.
  private isFirst({ banHandler }: RequestView): boolean {
    return (
      banHandler === this ||
      !(banHandler instanceof Pipeline) ||
      banHandler.context.scope !== this.context.scope
    );
  }

  // Errors that `next` throws belong to the app: outside the promise they surface as they would without us.
  private settleLater(
    verdict: PromiseLike<Verdict>,
    request: RequestView,
    res: ServerResponse,
    next: (err?: unknown) => void,
  ): void {
    // A client that has left meanwhile: its response ends no more.
    const reach = (): void => {
      if (hasLeft(res)) request.end(res);
      next();
    };
    verdict.then(
      (late) => process.nextTick(() => this.settle(late, request, res, reach)),
      () => process.nextTick(next),
    );
  }

  // Our own refusals never count (R23), so requests of banned clients are not watched.
  private observe(verdict: Verdict, request: RequestView, res: ServerResponse): Client | undefined {
    if (verdict === ALLOWED || verdict === SKIPPED) return undefined;
    if (verdict.action === "deny" && this.context.mode !== "detect") return undefined;
    const client = request.knownClient(this.context.resolver);
    if (client !== undefined) request.watch(this, client, res);
    return client;
  }

  private skips(skip: (request: never) => unknown, client: Client, request: RequestView): boolean {
    try {
      return callHook("skip", skip, request.raw);
    } catch (error) {
      this.context.emit(
        "fault",
        { protection: "engine", reason: "hook", data: messageOf(error) },
        client,
        request,
      );
      return false;
    }
  }

  // `PASS` only if each protection has returned just that. `known` is about the protections of this pipeline.
  private walk(
    protections: readonly Protection[],
    client: Client,
    request: RequestView,
    known?: KnownVisitor,
  ): Awaitable<Verdict> {
    let passed = PASS;
    for (let index = 0; index < protections.length; index++) {
      if (known !== undefined && this.visitors?.stands(known, index, request) === true) continue;
      const verdict = this.judgeBy(protections[index] as Protection, client, request);
      if (verdict === PASS) continue;
      if (isThenable(verdict)) return this.walkLater(verdict, protections.slice(index + 1), client, request);
      if (verdict.action !== "pass") return verdict;
      passed = verdict;
    }
    return passed;
  }

  private async walkLater(
    verdict: PromiseLike<Verdict>,
    rest: readonly Protection[],
    client: Client,
    request: RequestView,
  ): Promise<Verdict> {
    const late = await verdict;
    return late.action === "pass" ? this.walk(rest, client, request) : late;
  }

  private judgeBy(protection: Protection, client: Client, request: RequestView): Awaitable<Verdict> {
    try {
      const verdict = protection.judge(client, request);
      return isThenable(verdict)
        ? verdict.then(undefined, (error: unknown) => this.broken(error, request, client, protection))
        : verdict;
    } catch (error) {
      return this.broken(error, request, client, protection);
    }
  }

  private refuseUnknownHost(client: Client, request: RequestView): Deny {
    const host = (request.header("host") ?? "").slice(0, 255);
    // Scanners use any Host. An operator on localhost and a load balancer's probe must find the reason.
    this.context.events.warn(
      "WRN_BUNKER_UNKNOWN_HOST",
      `a request of ${client.ip} has a Host that is not configured: ${JSON.stringify(host)}; such requests are refused unless unknownHost names a service for them`,
      client.isGlobal ? "" : "local",
      { ip: client.ip, lasts: HOUR_MS },
    );
    return { action: "deny", protection: "services", reason: "unknown host", data: { host } };
  }
}

/** Calls a hook that returns `true` or `false`. Rethrows its errors, and throws when it returns a promise. */
export function callHook(name: string, hook: (request: never) => unknown, request: unknown): boolean {
  const result = hook(request as never);
  if (isThenable(result)) {
    // The promise is not awaited, so its rejection must not go unhandled.
    result.then(undefined, () => undefined);
    throw new BunkerHookError(name, "returned a promise; it must return true or false");
  }
  return Boolean(result);
}
