import type { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Awaitable } from "../awaitable.js";
import type { EventBus } from "../events/event-bus.js";
import { wasReset, type Client } from "../request/client.js";
import { exposeViews, viewOf } from "../request/request-view.js";
import type { Verdict } from "../request/verdict.js";
import type { Context } from "./context.js";
import { Pipeline } from "./pipeline.js";
import type { Protection, ProtectionHealth } from "./protection.js";

/** Connect middleware, typed on Node's own requests, so that it fits Express 4 and 5, Connect and bare http alike. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (err?: unknown) => void) => void;

/** The health of everything that one middleware runs. */
export interface Health {
  readonly ok: boolean;
  readonly protections: Readonly<
    Record<string, { readonly ok: boolean; readonly problems: readonly string[] }>
  >;
}

/** What every factory's middleware has besides. */
export interface Running {
  /** The events of everything on the same store. */
  readonly events: EventBus;
  /** Resolves when bans and lists that were in the store are known here. Requests before wait for it themselves. */
  ready(): Promise<void>;
  health(): Health;
  /** Stops timers and listeners of this middleware. Never closes a store that it was given. */
  close(): Promise<void>;
}

const HEALTHY: ProtectionHealth = { ok: true, problems: [] };

/** The middleware of every factory: finds the client of a request, and the pipeline of the service that it asks for. */
export class Engine implements Running {
  readonly events: EventBus;
  /** Judges requests of services without options of their own, and those of no service. */
  readonly common: Pipeline;
  private seen = 0;

  /** @param services the pipelines of the services that have options of their own */
  constructor(
    readonly context: Context,
    protections: readonly Protection[],
    private readonly services: ReadonlyMap<string, Pipeline> = new Map(),
  ) {
    exposeViews();
    this.events = context.events;
    this.common = new Pipeline(context, protections);
  }

  /** The Connect middleware alone. */
  middleware(): Middleware {
    return (req, res, next) => this.handle(req, res, next);
  }

  /** The Connect middleware as a factory returns it: with what can be asked of the engine, and `extras`. */
  asMiddleware<Extras extends object>(extras: Extras): Middleware & Running & Extras {
    const running: Running = {
      events: this.events,
      ready: () => this.ready(),
      health: () => this.health(),
      close: () => this.close(),
    };
    return Object.assign(this.middleware(), running, extras);
  }

  /** What judges a client: the pipeline of its service, where services have options of their own. */
  pipelineOf({ service }: Client): Pipeline {
    return (service === undefined ? undefined : this.services.get(service)) ?? this.common;
  }

  async ready(): Promise<void> {
    await this.context.banIndex.ready();
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
    return { ok: entries.every(([, { ok }]) => ok), protections: Object.fromEntries(entries) };
  }

  async close(): Promise<void> {
    for (const protection of this.protections()) await protection.close?.();
    this.context.close();
  }

  private handle(req: IncomingMessage, res: ServerResponse, next: (err?: unknown) => void): void {
    if (this.seen++ % 1024 === 0) this.lookForUpgrades(req);
    const request = viewOf(req);
    let pipeline = this.common;
    let verdict: Awaitable<Verdict>;
    try {
      const client = request.client(this.context.resolver);
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

  // No middleware sees WebSockets: an app that serves them unguarded should know. Looked for again now and then, since
  // listeners are often added late.
  private lookForUpgrades(req: IncomingMessage): void {
    const { server } = req.socket as { server?: EventEmitter | null };
    if (server === undefined || server === null || server.listenerCount("upgrade") === 0) return;
    if (this.context.scope.get(GuardedServers).servers.has(server)) return;
    this.events.warn(
      "WRN_BUNKER_UPGRADE",
      "this server takes upgrades (WebSockets), which no middleware sees; use bunker().guard(server), or ask upgrade() in your listener",
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

/** The servers whose upgrades are judged by an engine on this store. */
export class GuardedServers {
  readonly servers = new WeakSet<object>();
}
