import { channel } from "node:diagnostics_channel";
import type { AddressRange } from "../address/address.js";
import { Log } from "../log/log.js";
import type { LogRecord } from "../log/log-record.js";
import type { Logger } from "../log/logger.js";
import { withHelp } from "../errors.js";
import {
  ActiveWarnings,
  type ActiveWarning,
  type WarningCode,
  type WarningData,
  type WarningDetails,
} from "./active-warnings.js";

/** What a protection did, and why. */
export interface BunkerEvent {
  /** What happened. */
  readonly type: BunkerEventType;
  /** When, by the middleware's clock. */
  readonly time: Date;
  /** The reference id of the request, which our pages show; empty for events without a request. */
  readonly id: string;
  /** The client's address (or the prefix that a ban covers); empty for events without a client. */
  readonly ip: string;
  /** The service of the request; `"unknown"` for a Host that is not configured. */
  readonly service: string;
  /** The protection that emits it: `bans`, `bad-behavior`, `antibot`, … */
  readonly protection: string;
  /** Why, in a few fixed words (`bad behavior`, `manual`, `dnsbl`, …). */
  readonly reason: string;
  /** Details; their shape depends on the reason. */
  readonly data: unknown;
  /** `detect` = nothing was refused or written; this is what would have been done. */
  readonly mode: "block" | "detect";
  /** The method of the request; absent for events without a request. */
  readonly method?: string;
  /** The canonical path of the request, without its query. */
  readonly path?: string;
  /** The status of the response to it: ours, or the last one that led to a ban. 444 = the connection was dropped. */
  readonly status?: number;
}

// Not enumerable: an app may log whole events, and headers do not belong there. Not a WeakMap, which would keep whole
// requests alive through scavenges (see request-view.ts).
const ORIGIN = Symbol("express-bunker origin");

/** Attaches the origin of `event` (a client and its request) to it, as a property that is not enumerable. */
export function setOrigin(event: BunkerEvent, origin: object): BunkerEvent {
  return Object.defineProperty(event, ORIGIN, { value: origin });
}

/** Returns what {@link setOrigin} attached; `undefined` for events without a request, such as manual bans. */
export function originOf(event: BunkerEvent): object | undefined {
  return (event as { readonly [ORIGIN]?: object })[ORIGIN];
}

/** The kinds of events. */
export type BunkerEventType =
  "denied" | "challenged" | "solved" | "failed" | "banned" | "unbanned" | "reported" | "fault" | "warning";

/** A listener for events of one kind. */
export type BunkerListener = (event: BunkerEvent) => void;

/** The `events` option: a listener for each kind of event. */
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
  "warning",
];

/** Node's diagnostics channels of events: `express-bunker:banned`, and so on. They tell of the middlewares on every store. */
const CHANNELS = new Map(EVENT_TYPES.map((type) => [type, channel(`express-bunker:${type}`)]));

/**
 * Carries the events and warnings of all middleware on one store to listeners such as logs, metrics and reports. An error that a listener
 * throws is logged as a warning and never reaches the request.
 */
export class EventBus {
  /** The clock of the store, in ms. */
  now: () => number = Date.now;
  private readonly listeners = new Map<BunkerEventType, Set<BunkerListener>>();
  /** The listeners that need no evidence of bans. */
  private readonly brief = new Set<BunkerListener>();
  private readonly active = new ActiveWarnings(() => this.now());
  private readonly logs = new Set<Log>();
  private readonly proxyRanges = new Map<string, AddressRange>();

  /** Calls `listener` at each event of `type`. Returns a function that removes it. */
  on(type: BunkerEventType, listener: BunkerListener): () => void {
    let set = this.listeners.get(type);
    if (set === undefined) this.listeners.set(type, (set = new Set()));
    set.add(listener);
    return () => this.off(type, listener);
  }

  /**
   * Like {@link on}, for a listener that does not look at the evidence of bans: it is not read from the store for it at each refusal.
   */
  onBrief(type: BunkerEventType, listener: BunkerListener): () => void {
    this.brief.add(listener);
    return this.on(type, listener);
  }

  /** Calls `listener` at the next event of `type` only. Returns a function that removes it. */
  once(type: BunkerEventType, listener: BunkerListener): () => void {
    const stop = this.on(type, (event) => {
      stop();
      listener(event);
    });
    return stop;
  }

  /** Removes `listener`. */
  off(type: BunkerEventType, listener: BunkerListener): void {
    this.listeners.get(type)?.delete(listener);
    this.brief.delete(listener);
  }

  /** Whether there is a listener for `type`, or a subscriber of its diagnostics channel. */
  hears(type: BunkerEventType): boolean {
    return (this.listeners.get(type)?.size ?? 0) > 0 || CHANNELS.get(type)?.hasSubscribers === true;
  }

  /** Whether anybody looks at the evidence of bans in events of a type. */
  needsEvidence(type: BunkerEventType): boolean {
    if (CHANNELS.get(type)?.hasSubscribers === true) return true;
    for (const listener of this.listeners.get(type) ?? []) if (!this.brief.has(listener)) return true;
    return false;
  }

  /** Calls every listener of the event's type, and publishes the event on its diagnostics channel. */
  emit(event: BunkerEvent): void {
    const published = CHANNELS.get(event.type);
    if (published?.hasSubscribers === true) published.publish(event);
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

  /** Sends warnings to `logger`, too. Returns a function that removes it. */
  addLogger(logger: Logger | Log): () => void {
    const log = Log.of(logger);
    this.logs.add(log);
    return () => this.logs.delete(log);
  }

  /** The proxies that any middleware on this store trusts: a ban that covers one needs `force`. */
  get proxies(): Iterable<AddressRange> {
    return this.proxyRanges.values();
  }

  /** Adds a trusted proxy: a configured one, or one that forwarded a request. */
  addProxy(range: AddressRange): void {
    if (this.proxyRanges.size < 1024) this.proxyRanges.set(range.text, range);
  }

  /** Logs a notice. */
  notice(record: LogRecord): void {
    for (const log of this.logs) log.write(record);
  }

  /**
   * Raises a warning: it is logged with the command that explains it, emitted as an event, and kept in {@link activeWarnings}. It is
   * told once for each `code` and `about` (what it is about), or as often as `details.again` says.
   *
   * @returns `false` if it was told before
   */
  warn(code: WarningCode, message: string, about = "", details: WarningDetails = {}): boolean {
    if (!this.active.raise(code, message, about, details)) return false;
    const { ip = "", advice, level = "notice" } = details;
    const data: WarningData = { message, about, ...(advice === undefined ? {} : { advice }), level };
    if (details.isLogged !== true) {
      const said = withHelp(code, advice === undefined ? message : `${message}: ${advice}`);
      this.notice({ level: "warn", event: "warning", message: said, fields: { code, ip, advice } });
    }
    const rest = { id: "", ip, service: "", protection: "warnings", reason: code, mode: "block" } as const;
    this.emit({ type: "warning", time: new Date(this.now()), data, ...rest });
    return true;
  }

  /** Ends a warning that holds no longer. Returns whether it was in force. */
  endWarning(code: WarningCode, about = ""): boolean {
    return this.active.end(code, about);
  }

  /** Whether an alarm is in force. */
  hasAlarm(code: WarningCode, about = ""): boolean {
    return this.active.hasAlarm(code, about);
  }

  /** The warnings in force, alarms first, then the latest first. At most 100. */
  get activeWarnings(): readonly ActiveWarning[] {
    return this.active.all();
  }
}
