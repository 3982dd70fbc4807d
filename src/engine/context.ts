import type { Awaitable } from "../awaitable.js";
import { StoreScope } from "../store/store-scope.js";
import { ClientResolvers } from "./client-resolvers.js";
import { defaultStore, isOneOfSeveral, UNSHARED } from "../store/default-store.js";
import { GuardedStore } from "../store/guarded-store.js";
import { Meter } from "../meter.js";
import { BanList } from "../bans/ban-list.js";
import { BanIndex } from "../bans/ban-index.js";
import type { ClientResolver } from "../request/client-resolver.js";
import { EventLog } from "../events/event-log.js";
import type * as AlertsModule from "../alerts/alerts.js";
import { Generation } from "./known-visitors.js";
import { SecurityMode, type Mode } from "./security-mode.js";
import {
  EVENT_TYPES,
  EventBus,
  setOrigin,
  type BunkerEvent,
  type BunkerEventType,
} from "../events/event-bus.js";
import { proxyRangesOf, type SharedOptions, type SharedResolved } from "./shared-options.js";
import type { Client } from "../request/client.js";
import type { RequestView } from "../request/request-view.js";
import { UNKNOWN_SERVICE } from "../service-name.js";

/** What one call of a factory works with: its options, and what it shares with other calls on the same store. */
export class Context {
  /** What middlewares on the same store share. */
  readonly scope: StoreScope;
  readonly events: EventBus;
  readonly banIndex: BanIndex;
  readonly bans: BanList;
  readonly store: GuardedStore;
  readonly resolver: ClientResolver;
  readonly generation: Generation;
  readonly meter: Meter;
  readonly securityMode: SecurityMode;
  readonly now: () => number;
  private readonly stops: (() => void)[] = [];
  private readonly lastWorks: (() => Awaitable<void>)[] = [];

  constructor(
    readonly options: SharedResolved,
    input: SharedOptions,
  ) {
    const { store } = options;
    this.scope = StoreScope.of(store);
    this.events = this.scope.get(EventBus);
    this.banIndex = this.scope.get(BanIndex);
    this.generation = this.scope.get(Generation);
    this.meter = this.scope.get(Meter);
    this.store = new GuardedStore(store, this.meter);
    this.securityMode = this.scope.get(SecurityMode);
    this.bans = new BanList(store, { ipv6Subnet: options.ipv6Subnet });
    if (options.now !== undefined) {
      // A test that injects a clock into a middleware means the store and the bans too.
      this.scope.useClock(options.now);
      this.banIndex.now = options.now;
    }
    this.now = options.now ?? (() => this.banIndex.now());
    this.events.now = () => this.banIndex.now();
    const eventLog = this.scope.get(EventLog);
    if (options.logger !== false) {
      this.stops.push(
        this.events.addLogger(options.logger),
        eventLog.start(options.logger, options.logEvents),
      );
    }
    this.startAlerts();
    for (const type of EVENT_TYPES) {
      const listener = options.events[type];
      if (listener !== undefined) this.stops.push(this.events.on(type, listener));
    }
    for (const range of proxyRangesOf(input.trustProxy)) this.events.addProxy(range);
    this.resolver = this.scope.get(ClientResolvers).get(options, input);
    if (store === defaultStore && isOneOfSeveral())
      this.events.warn("WRN_BUNKER_LOCAL_STORE", UNSHARED, "", { isLogged: true });
  }

  // Most apps have none, so they are loaded with the first one.
  private startAlerts(): void {
    const { alerts } = this.options;
    if (alerts.length === 0) return;
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const { Alerts } = require("../alerts/alerts.js") as typeof AlertsModule;
    this.beforeClose(this.scope.get(Alerts).start(alerts, this.now));
  }

  /** The mode in force: the one that was set at run time, or else the configured one. */
  get mode(): Mode {
    return this.securityMode.of(this.options.mode);
  }

  /** Says once that BunkerWeb does not see bans at one service, if the store is shared with it and no service is named. */
  warnOfUnnamedService(): void {
    const { service, services, store } = this.options;
    if (store.exactBans !== true || service !== undefined || services.size > 0) return;
    this.events.warn(
      "WRN_BUNKER_BUNKERWEB_SERVICE",
      'bans are shared with BunkerWeb, but bans at one service are not: without service or services they are bans at "default", which BunkerWeb does not know; give the names that BunkerWeb has (the first of each SERVER_NAME), or set banScope: "global"',
    );
  }

  /** Emits an event about a request, if there is a listener for its type. */
  emit(
    type: BunkerEventType,
    about: Pick<BunkerEvent, "protection" | "reason" | "data" | "status">,
    client: Client | undefined,
    request: RequestView | undefined,
  ): void {
    if (!this.events.hears(type)) return;
    const event: BunkerEvent = {
      type,
      time: new Date(this.now()),
      id: request?.id ?? "",
      ip: client?.ip ?? "",
      service: client?.service ?? UNKNOWN_SERVICE,
      protection: about.protection,
      reason: about.reason,
      data: about.data,
      mode: this.mode,
      ...(about.status === undefined ? {} : { status: about.status }),
      ...(request === undefined
        ? {}
        : { method: request.method.slice(0, 32), path: request.path.path.slice(0, 2048) }),
    };
    if (client !== undefined && request !== undefined) setOrigin(event, { client, request });
    this.events.emit(event);
  }

  /** The same context for a service with options of its own; the event bus and the client resolver are shared. */
  forService(options: SharedResolved): Context {
    return Object.create(this, {
      options: { value: options },
      // Listeners belong to the whole factory.
      close: { value: () => undefined },
    }) as Context;
  }

  /** Has `work` done before this context is closed, such as sending what waits: within the second that closing may take. */
  beforeClose(work: () => Awaitable<void>): void {
    this.lastWorks.push(work);
  }

  /** Takes the works of {@link beforeClose}, so that each is done once. */
  takeLastWorks(): readonly (() => Awaitable<void>)[] {
    return this.lastWorks.splice(0);
  }

  /** Has `stop` called when this context is closed. */
  onClose(stop: () => void): void {
    this.stops.push(stop);
  }

  /** Removes this context's listeners and loggers from the event bus. */
  close(): void {
    for (const stop of this.stops.splice(0)) stop();
  }
}
