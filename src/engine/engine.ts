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
import type * as FigureModule from "./figure.js";
import type { Figure } from "./figure.js";
import { Pipeline } from "./pipeline.js";
import type { Mode } from "./security-mode.js";
import type { Protection, ProtectionHealth } from "./protection.js";
import { timeDecision } from "./request-meter.js";
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
  /** The mode in force for services without a configured mode of their own; absent for a BunkerNet server, which has none. */
  readonly mode?: Mode;
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

/** One request in so many is a sample: a prime, so that what comes with each page does not keep step with it. */
const SAMPLED = 13;

const HEALTHY: ProtectionHealth = { ok: true, problems: [] };

/** The middleware of every factory: finds the client of a request, and the pipeline of its service. */
export class Engine implements Running {
  readonly events: EventBus;
  /** The pipeline for requests of services without options of their own, and for those of no service. */
  readonly common: Pipeline;
  /** The Express apps of the servers whose requests come here. */
  readonly apps = new ServerApps();
  /** `ready` once {@link ready} has resolved. */
  phase: "starting" | "ready" | "closed" = "starting";
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
    const { all } = context.scope.get(Engines);
    all.add(this);
    context.onClose(() => all.delete(this));
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
    return this.isOf(Object.assign(this.middleware(), running, extras));
  }

  /** Has {@link engineOf} find this engine by what a factory returns. */
  isOf<Guard extends object>(guard: Guard): Guard {
    engines.set(guard, this);
    return guard;
  }

  /** Returns the pipeline of a client's service, or the common one if that service has no options of its own. */
  pipelineOf({ service }: Client): Pipeline {
    return (service === undefined ? undefined : this.services.get(service)) ?? this.common;
  }

  async ready(): Promise<void> {
    await bansRead(this.context);
    for (const protection of this.protections()) await protection.start?.();
    if (this.phase === "starting") this.phase = "ready";
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
    const ok = entries.every(([, one]) => one.ok);
    return { ok, protections: Object.fromEntries(entries), mode: this.context.mode };
  }

  /** The services whose configured mode is another than the common one. */
  get servicesWithMode(): Readonly<Record<string, Mode>> {
    const { mode } = this.context.options;
    const modes = [...this.services].map(([name, { context }]) => [name, context.options.mode] as const);
    return Object.fromEntries(modes.filter(([, own]) => own !== mode));
  }

  /** How many bad responses count against a client now, by the services that count on their own; `""` = all others together. */
  badCountsOf(clientKey: string): { service: string; count: number; threshold: number }[] {
    return [...this.pipelines()].flatMap(([service = "", { protections }]) =>
      protections.flatMap((protection) => {
        const counted = protection.badCountOf?.(clientKey);
        return counted === undefined ? [] : [{ service, ...counted }];
      }),
    );
  }

  /** The current figures of all protections. */
  figures(): Figure[] {
    // Only metrics need it.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const { cacheFigures } = require("./figure.js") as typeof FigureModule;
    const visitors = [...this.pipelines()].flatMap(([, { visitorCache }]) =>
      visitorCache === undefined ? [] : cacheFigures("visitors", visitorCache),
    );
    return [...visitors, ...[...this.protections()].flatMap((protection) => protection.figures?.() ?? [])];
  }

  async close(): Promise<void> {
    this.phase = "closed";
    const closing = [...this.protections()].map((protection) => () => protection.close?.());
    await closeInTime([...closing, ...this.context.takeLastWorks()]);
    this.context.close();
  }

  private handle(req: IncomingMessage, res: ServerResponse, next: (err?: unknown) => void): void {
    const turn = this.seen++;
    if (turn % 1024 === 0) this.lookForUpgrades(req);
    if ((req as { upgrade?: boolean | null }).upgrade === true && isStandIn(res)) {
      this.handleUpgrade(req, next);
      return;
    }
    const started = this.context.meter.isTimed ? performance.now() : -1;
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
      if (turn % SAMPLED === 0 && this.context.meter.isHeard && !pipeline.allows(client))
        this.context.meter.sampled(request, client.identity.isProxy);
      verdict = pipeline.judge(client, request);
    } catch (error) {
      verdict = pipeline.broken(error, request);
    }
    if (started >= 0) timeDecision(this.context, verdict, started);
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

/** The engines on one store that are not closed. */
export class Engines {
  readonly all = new Set<Engine>();
}

const engines = new WeakMap<object, Engine>();

/** Returns the engine of what a factory has returned; `undefined` for anything else. */
export function engineOf(guard: object): Engine | undefined {
  return engines.get(guard);
}

/** Whether it only stands in for the response of an upgrade, which has none. */
function isStandIn(res: Partial<ServerResponse>): boolean {
  return typeof res.on !== "function";
}

/** The servers whose upgrades are judged by an engine on this store. */
export class GuardedServers {
  readonly servers = new WeakSet<object>();
}
