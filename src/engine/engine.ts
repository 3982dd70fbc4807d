import type { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Awaitable } from "../awaitable.js";
import type { Client } from "../request/client.js";
import { messageOf, StoreFailure } from "../errors.js";
import { isGuarded } from "./upgrade-guard.js";
import { askHook } from "./hooks.js";
import type { EventBus } from "../events/event-bus.js";
import type { Protection } from "./protection.js";
import { exposeViews, viewOf, type RequestBan, type RequestView } from "../request/request-view.js";
import { isReset } from "./reset.js";
import { Responder } from "./responder.js";
import type { Context } from "./context.js";
import { refuseUnknownHost } from "./unknown-host.js";
import { PASS, type Deny, type Pass, type Verdict } from "../request/verdict.js";
import { isThenable } from "../awaitable.js";

/** Connect middleware, typed on Node's own requests, so that it fits Express 4 and 5, Connect and bare http alike. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (err?: unknown) => void) => void;

/** How everything that one middleware runs fares. */
export interface Health {
  readonly ok: boolean;
  readonly protections: Readonly<
    Record<string, { readonly ok: boolean; readonly problems: readonly string[] }>
  >;
}

/** What every factory's middleware can be asked. */
export interface Running {
  /** The events of everything on the same store. */
  readonly events: EventBus;
  /** Resolves when bans and lists that were in the store are known here. Requests before wait for it themselves. */
  ready(): Promise<void>;
  health(): Health;
  /** Stops timers and listeners of this middleware. Never closes a store that it was given. */
  close(): Promise<void>;
}

/** The verdict of who is on `allow`. */
export const ALLOWED: Pass = Object.freeze({ action: "pass", why: "allow" });
const SKIPPED: Pass = Object.freeze({ action: "pass", why: "skip" });

/** Runs protections in order and has the responder answer: the one way through for every factory. */
export class Engine implements Running {
  readonly events: EventBus;
  private readonly responder: Responder;
  private readonly observers: readonly Protection[];
  private seen = 0;

  constructor(
    readonly context: Context,
    readonly protections: readonly Protection[],
    protected readonly byService: ReadonlyMap<string, Engine> = new Map(),
  ) {
    exposeViews();
    this.events = context.events;
    this.responder = new Responder(context);
    this.observers = protections.filter((protection) => protection.observe !== undefined);
  }

  /** The Connect middleware. */
  middleware(): Middleware {
    return (req, res, next) => this.handle(req, res, next);
  }

  /** The engine that judges a client: its service's, where services have options of their own. */
  forClient({ service }: Pick<Client, "service">): Engine {
    return (service === undefined ? undefined : this.byService.get(service)) ?? this;
  }

  /** What all protections together say of a request; needs no response. */
  judge(request: RequestView): Awaitable<Verdict> {
    try {
      const client = request.client(this.context.resolver);
      return this.exempt(client, request) ?? this.ask(client, request);
    } catch (error) {
      return this.broken(undefined, undefined, request, error);
    }
  }

  /**
   * What all protections together say of a connection, before it asks for anything. No hook is asked that reads requests,
   * and no Host can be unknown yet.
   */
  judgeConnection(client: Client, request: RequestView): Awaitable<Verdict> {
    return this.allowed(client) ?? this.walk(client, request, 0);
  }

  /** Tells the events of a verdict that is answered elsewhere than in the middleware. */
  tell(verdict: Exclude<Verdict, Pass>, request: RequestView): void {
    this.responder.tell(verdict, request);
  }

  /** Whether a refusal drops the connection without a byte. */
  drops(verdict: Deny, request: RequestView): boolean {
    return verdict.status === undefined && this.responder.drops(request);
  }

  async ready(): Promise<void> {
    await this.context.banIndex.ready();
    for (const protection of this.protections) await protection.start?.();
  }

  health(): Health {
    const entries = this.protections.map(
      (protection) => [protection.name, protection.health?.() ?? { ok: true, problems: [] }] as const,
    );
    return { ok: entries.every(([, health]) => health.ok), protections: Object.fromEntries(entries) };
  }

  async close(): Promise<void> {
    for (const protection of this.protections) await protection.close?.();
    this.context.close();
  }

  private handle(req: IncomingMessage, res: ServerResponse, next: (err?: unknown) => void): void {
    this.lookForUpgrades(req);
    const request = viewOf(req);
    let verdict: Awaitable<Verdict>;
    let watched: Client | undefined;
    try {
      const client = request.client(this.context.resolver);
      request.banHandler ??= this;
      if (isReset(client, req)) {
        req.socket.destroy();
        return;
      }
      const exempt = this.exempt(client, request);
      if (exempt === undefined && this.observers.length > 0) watched = client;
      verdict = exempt ?? this.ask(client, request);
    } catch (error) {
      verdict = this.broken(undefined, undefined, request, error);
    }
    if (!isThenable(verdict)) this.settle(verdict, watched, request, res, next);
    // What `next` throws is the app's own: outside the promise, it surfaces as it would without us.
    else
      verdict.then(
        (late) => process.nextTick(() => this.settle(late, watched, request, res, next)),
        () => process.nextTick(next),
      );
  }

  // WebSockets pass by every middleware: whoever serves them unguarded should know. Asked again now and then, since listeners
  // are often added late.
  private lookForUpgrades(req: IncomingMessage): void {
    if (this.seen++ % 1024 !== 0) return;
    const { server } = req.socket as { server?: EventEmitter | null };
    if (server === undefined || server === null || server.listenerCount("upgrade") === 0 || isGuarded(server))
      return;
    this.events.warn(
      "WRN_BUNKER_UPGRADE",
      "this server takes upgrades (WebSockets), which no middleware sees; use bunker().guard(server), or ask upgrade() in your listener",
    );
  }

  private settle(
    verdict: Verdict,
    watched: Client | undefined,
    request: RequestView,
    res: ServerResponse,
    next: (err?: unknown) => void,
  ): void {
    // Our own refusals never count (R23): a banned client's requests are not even watched.
    if (watched !== undefined && (verdict.action !== "deny" || this.context.options.mode === "detect"))
      request.watch(this, watched, res);
    if (verdict.action === "pass") {
      if (request.cookies !== undefined && !res.headersSent) res.appendHeader("Set-Cookie", request.cookies);
      next();
      return;
    }
    request.note(verdict);
    this.responder.answer(verdict, request, res, next);
  }

  // Allowed first: nobody on `allow`, and nothing that `skip` names, is judged or counted.
  private exempt(client: Client, request: RequestView): Pass | undefined {
    const allowed = this.allowed(client);
    if (allowed !== undefined) return allowed;
    const { skip } = this.context.options;
    if (skip === undefined) return undefined;
    try {
      return askHook("skip", skip, request.raw) ? SKIPPED : undefined;
    } catch (error) {
      this.fault("engine", "hook", error, client, request);
      return undefined;
    }
  }

  private allowed({ vouched: { address } }: Client): Pass | undefined {
    const { allow } = this.context.options;
    return address !== undefined && allow.size > 0 && allow.has(address) ? ALLOWED : undefined;
  }

  private ask(client: Client, request: RequestView): Awaitable<Verdict> {
    return client.service === undefined && this.context.options.unknownHost === "deny"
      ? refuseUnknownHost(this.context.events, client, request)
      : this.walk(client, request, 0);
  }

  private walk(client: Client, request: RequestView, from: number): Awaitable<Verdict> {
    for (let index = from; index < this.protections.length; index++) {
      const verdict = this.judgeOne(this.protections[index] as Protection, client, request);
      if (isThenable(verdict))
        return verdict.then((late) =>
          late.action === "pass" ? this.walk(client, request, index + 1) : late,
        );
      if (verdict.action !== "pass") return verdict;
    }
    return PASS;
  }

  private judgeOne(protection: Protection, client: Client, request: RequestView): Awaitable<Verdict> {
    try {
      const verdict = protection.judge(client, request);
      return isThenable(verdict)
        ? verdict.then(undefined, (error: unknown) => this.broken(protection, client, request, error))
        : verdict;
    } catch (error) {
      return this.broken(protection, client, request, error);
    }
  }

  // R11: store failures follow onStoreError; of anything else the operator hears, and only a gate refuses because of it.
  private broken(
    protection: Protection | undefined,
    client: Client | undefined,
    request: RequestView,
    error: unknown,
  ): Verdict {
    const name = protection?.name ?? "client";
    const store = error instanceof StoreFailure;
    this.fault(name, store ? "store" : "exception", error, client, request);
    const refuse = store
      ? this.context.options.onStoreError === "deny"
      : this.protections.some(
          (one) => one.failClosed === true && (protection === undefined || one === protection),
        );
    const deny: Deny = {
      action: "deny",
      protection: name,
      reason: store ? "store error" : "fault",
      data: {},
      status: 503,
    };
    return refuse ? deny : PASS;
  }

  /** Tells of something that went wrong on our side. */
  fault(
    protection: string,
    reason: string,
    error: unknown,
    client: Client | undefined,
    request: RequestView,
  ): void {
    this.context.emit("fault", { protection, reason, data: messageOf(error) }, client, request);
  }

  /** Told when a response is over whose status line was sent. */
  ended(client: Client, request: RequestView, status: number): void {
    for (const observer of this.observers) {
      try {
        observer.observe?.({ client, request, status });
      } catch (error) {
        this.fault(observer.name, "exception", error, client, request);
      }
    }
  }

  /** Bans a request's client for the app; what goes wrong is told, never thrown. */
  async banNow(request: RequestView, options: RequestBan): Promise<void> {
    const client = request.client(this.context.resolver);
    const { mode, banLocal } = this.context.options;
    const banTime = this.protections.find((protection) => protection.banTime !== undefined)?.banTime;
    const { ttl = banTime ?? 86_400, reason = "application", scope = "service", data = {} } = options;
    if (client.identity.isProxy || (!banLocal && !client.isGlobal)) {
      this.events.warn(
        "WRN_BUNKER_NOT_BANNED",
        `a ban of ${client.ip} was asked for, but proxies and non-global addresses are never banned`,
        client.key,
      );
      return;
    }
    if (mode === "detect") {
      this.context.emit("banned", { protection: "application", reason, data }, client, request);
      return;
    }
    try {
      await this.context.bans.add(client.key, {
        reason,
        ttl,
        scope: client.service === undefined ? "global" : scope,
        service: client.service ?? "unknown",
        address: client.ip,
        data,
        force: client.isLoopback,
        source: {
          protection: "application",
          id: request.id,
          method: request.method,
          path: request.path.path,
        },
      });
    } catch (error) {
      this.fault(
        "application",
        error instanceof StoreFailure ? "store" : "exception",
        error,
        client,
        request,
      );
    }
  }
}
