import type { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Awaitable } from "../awaitable.js";
import type { EventBus } from "../events/event-bus.js";
import { bansRead } from "./bans-read.js";
import { wasReset, type Client } from "../request/client.js";
import { exposeViews, viewOf, watchEnds } from "../request/request-view.js";
import type { Verdict } from "../request/verdict.js";
import { closeInTime } from "./close-in-time.js";
import type { Context } from "./context.js";
import { judgeUpgrade } from "./judge-upgrade.js";
import { Pipeline } from "./pipeline.js";
import type { Protection, ProtectionHealth } from "./protection.js";
import { ServerApps } from "./server-apps.js";

/** Connect middleware, typed on Node's own requests, so that Express 4 and 5, Connect and plain `http` all accept it. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (err?: unknown) => void) => void;

/** The health of one middleware. */
export interface Health {
  /** Whether every protection works. */
  readonly ok: boolean;
  /**
   * The health of each protection by name, with its problems in words. `client` is among them while proxies are trusted in a way
   * that does not fit the requests.
   */
  readonly protections: Readonly<
    Record<string, { readonly ok: boolean; readonly problems: readonly string[] }>
  >;
}

/** The methods that every middleware of this package has. */
export interface Running {
  /** The event bus, shared by all middleware on the same store. */
  readonly events: EventBus;
  /** Resolves when the bans and lists in the store are loaded. Requests that come earlier wait for it themselves. */
  ready(): Promise<void>;
  /** Returns the current health of all protections. */
  health(): Health;
  /** Stops the timers and listeners of this middleware, within a second whatever hangs. It never closes the store. */
  close(): Promise<void>;
}

const HEALTHY: ProtectionHealth = { ok: true, problems: [] };

/** The middleware of every factory: finds the client of a request, and the pipeline of its service. */
export class Engine implements Running {
  readonly events: EventBus;
  /** The pipeline for requests of services without options of their own, and for those of no service. */
  readonly common: Pipeline;
  /** The Express apps of the servers whose requests come here. */
  readonly apps = new ServerApps();
  private seen = 0;

  /** @param services the pipelines of the services that have options of their own */
  constructor(
    readonly context: Context,
    protections: readonly Protection[],
    private readonly services: ReadonlyMap<string, Pipeline> = new Map(),
  ) {
    exposeViews();
    context.onClose(watchEnds());
    this.events = context.events;
    this.common = new Pipeline(context, protections);
  }

  /** Returns the Connect middleware alone. */
  middleware(): Middleware {
    return (req, res, next) => this.handle(req, res, next);
  }

  /** Returns the Connect middleware as factories return it: with the methods of {@link Running} and with `extras`. */
  asMiddleware<Extras extends object>(extras: Extras): Middleware & Running & Extras {
    const running: Running = {
      events: this.events,
      ready: () => this.ready(),
      health: () => this.health(),
      close: () => this.close(),
    };
    return Object.assign(this.middleware(), running, extras);
  }

  /** Returns the pipeline of a client's service, or the common one if that service has no options of its own. */
  pipelineOf({ service }: Client): Pipeline {
    return (service === undefined ? undefined : this.services.get(service)) ?? this.common;
  }

  async ready(): Promise<void> {
    await bansRead(this.context);
    for (const protection of this.protections()) await protection.start?.();
  }

  health(): Health {
    const entries = [...this.pipelines()].flatMap(([service, { protections }]) =>
      protections.map(
        (protection) =>
          [
            service === undefined ? protection.name : `${protection.name} (${service})`,
            protection.health?.() ?? HEALTHY,
          ] as const,
      ),
    );
    const problems = this.context.resolver.trustProblems();
    if (problems.length > 0) entries.unshift(["client", { ok: false, problems }]);
    return { ok: entries.every(([, { ok }]) => ok), protections: Object.fromEntries(entries) };
  }

  async close(): Promise<void> {
    const closing = [...this.protections()].map((protection) => () => protection.close?.());
    await closeInTime([...closing, () => this.context.closeAlerts()]);
    this.context.close();
  }

  private handle(req: IncomingMessage, res: ServerResponse, next: (err?: unknown) => void): void {
    if (this.seen++ % 1024 === 0) this.lookForUpgrades(req);
    if ((req as { upgrade?: boolean | null }).upgrade === true && isStandIn(res)) {
      this.handleUpgrade(req, next);
      return;
    }
    const request = viewOf(req);
    let pipeline = this.common;
    let verdict: Awaitable<Verdict>;
    try {
      const client = request.client(this.context.resolver, this.apps.of(req));
      pipeline = this.pipelineOf(client);
      request.banHandler ??= pipeline;
      if (wasReset(client, req)) {
        req.socket.destroy();
        return;
      }
      verdict = pipeline.judge(client, request);
    } catch (error) {
      verdict = pipeline.broken(error, request);
    }
    pipeline.settle(verdict, request, res, next);
  }

  // socket.io passes the upgrades of its own through `io.engine.use`.
  private handleUpgrade(req: IncomingMessage, next: (err?: unknown) => void): void {
    void judgeUpgrade(this, req, req.socket).then((admitted) => {
      // Outside the promise, errors that `next` throws surface as they would without us.
      if (admitted) process.nextTick(next);
    });
  }

  // Middleware never sees WebSockets, so an app that serves them unguarded gets a warning. The check is repeated because
  // listeners are often added late.
  private lookForUpgrades(req: IncomingMessage): void {
    const { server } = req.socket as { server?: EventEmitter | null };
    if (server === undefined || server === null || server.listenerCount("upgrade") === 0) return;
    if (this.context.scope.get(GuardedServers).servers.has(server)) return;
    this.events.warn(
      "WRN_BUNKER_UPGRADE",
      "this server takes upgrades (WebSockets), which middleware never sees; use bunker().guard(server), or call upgrade() in your listener",
    );
  }

  private *pipelines(): Iterable<readonly [service: string | undefined, Pipeline]> {
    yield [undefined, this.common];
    yield* this.services;
  }

  // Some protections serve several services.
  private protections(): Set<Protection> {
    return new Set([...this.pipelines()].flatMap(([, { protections }]) => protections));
  }
}

/** Whether it only stands in for the response of an upgrade, which has none. */
function isStandIn(res: Partial<ServerResponse>): boolean {
  return typeof res.on !== "function";
}

/** The servers whose upgrades are judged by an engine on this store. */
export class GuardedServers {
  readonly servers = new WeakSet<object>();
}
