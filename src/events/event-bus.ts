import type { AddressRange } from "../address/address.js";
import { withHelp } from "../errors.js";

/** Why a protection acts, and what the operator is told about it. */
export interface BunkerEvent {
  /** What happened. */
  readonly type: BunkerEventType;
  /** When, by the middleware's clock. */
  readonly time: Date;
  /** The reference id that the visitor was shown; empty for events without a request. */
  readonly id: string;
  /** The client's address (or the prefix that a ban covers); empty when the event is about none. */
  readonly ip: string;
  /** The service asked for; `"unknown"` for a Host that is not configured. */
  readonly service: string;
  /** Which protection speaks: `bans`, `bad-behavior`, `antibot`, … */
  readonly protection: string;
  /** Why, in a few fixed words (`bad behavior`, `manual`, `dnsbl`, …). */
  readonly reason: string;
  /** What else is known, by reason. */
  readonly data: unknown;
  /** `detect` = nothing was answered or written, this is what would have been done. */
  readonly mode: "block" | "detect";
  readonly method?: string;
  /** The canonical path asked for, without its query. */
  readonly path?: string;
}

// No visible field: an app may log events whole, and headers do not belong there. And no WeakMap, which would keep whole
// requests alive through scavenges (see request-view.ts).
const ORIGIN = Symbol("express-bunker origin");

/** Attaches whatever led to `event` (a client and its request) to it, invisibly, for as long as the event lives. */
export function setOrigin(event: BunkerEvent, origin: object): BunkerEvent {
  return Object.defineProperty(event, ORIGIN, { value: origin });
}

/** What {@link setOrigin} attached; `undefined` for events that no request led to, such as bans by hand. */
export function originOf(event: BunkerEvent): object | undefined {
  return (event as { readonly [ORIGIN]?: object })[ORIGIN];
}

/** The kinds of events. */
export type BunkerEventType =
  "denied" | "challenged" | "solved" | "failed" | "banned" | "unbanned" | "reported" | "fault";

/** Takes events of one kind. */
export type BunkerListener = (event: BunkerEvent) => void;

/** The `events` option: a listener a kind. */
export type BunkerListeners = { readonly [T in BunkerEventType]?: BunkerListener };

/** Every kind of event. */
export const EVENT_TYPES: readonly BunkerEventType[] = [
  "denied",
  "challenged",
  "solved",
  "failed",
  "banned",
  "unbanned",
  "reported",
  "fault",
];

/** Where the lines for the operator go; `console` and pino fit. */
export interface Logger {
  info(message: string, ...rest: unknown[]): void;
  warn(message: string, ...rest: unknown[]): void;
  error(message: string, ...rest: unknown[]): void;
}

/**
 * Carries the events of everything that shares one store. Logs, metrics and reports listen here; a listener that throws
 * is told of on the logger and never reaches the request.
 */
export class EventBus {
  private readonly listeners = new Map<BunkerEventType, Set<BunkerListener>>();
  private readonly warned = new Set<string>();
  private readonly loggers = new Set<Logger>();
  private readonly proxyRanges = new Map<string, AddressRange>();

  /** Calls `listener` at each event of `type`; the answer takes it off again. */
  on(type: BunkerEventType, listener: BunkerListener): () => void {
    let set = this.listeners.get(type);
    if (set === undefined) this.listeners.set(type, (set = new Set()));
    set.add(listener);
    return () => this.off(type, listener);
  }

  /** Calls `listener` at the next event of `type` only. */
  once(type: BunkerEventType, listener: BunkerListener): () => void {
    const stop = this.on(type, (event) => {
      stop();
      listener(event);
    });
    return stop;
  }

  /** Takes `listener` off. */
  off(type: BunkerEventType, listener: BunkerListener): void {
    this.listeners.get(type)?.delete(listener);
  }

  /** Whether anybody listens to `type`. */
  hears(type: BunkerEventType): boolean {
    return (this.listeners.get(type)?.size ?? 0) > 0;
  }

  /** Calls every listener of the event's type. */
  emit(event: BunkerEvent): void {
    const set = this.listeners.get(event.type);
    if (set === undefined) return;
    for (const listener of [...set]) {
      try {
        listener(event);
      } catch (error) {
        this.warn("WRN_BUNKER_LISTENER", `a listener of "${event.type}" threw: ${String(error)}`);
      }
    }
  }

  /** Sends warnings to `logger` too, until the answer is called. */
  addLogger(logger: Logger): () => void {
    this.loggers.add(logger);
    return () => this.loggers.delete(logger);
  }

  /** The proxies that some middleware trusts: bans must not cover them without `force`. */
  get proxies(): Iterable<AddressRange> {
    return this.proxyRanges.values();
  }

  /** Adds a trusted proxy, configured or met. */
  addProxy(range: AddressRange): void {
    if (this.proxyRanges.size < 1024) this.proxyRanges.set(range.text, range);
  }

  /** Warns once per `code` and `about`, with the command that explains it; returns whether it did. */
  warn(code: `WRN_BUNKER_${string}`, message: string, about = ""): boolean {
    const key = `${code} ${about}`;
    if (this.warned.has(key) || this.warned.size >= 1000) return false;
    this.warned.add(key);
    for (const logger of this.loggers) {
      try {
        logger.warn(withHelp(code, message));
      } catch {
        // A broken logger must not break a request.
      }
    }
    return true;
  }
}
