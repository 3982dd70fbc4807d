import { debuglog } from "node:util";
import type { Log } from "../log/log.js";
import { BANS, FAULTS, LogLimit, REQUESTS } from "../log/log-limit.js";
import type { LogFields, LogLevel } from "../log/log-record.js";
import { printableJson } from "../printable.js";
import type { StoreScope } from "../store/store-scope.js";
import {
  EVENT_TYPES,
  EventBus,
  type BunkerEvent,
  type BunkerEventType,
  type BunkerListener,
} from "./event-bus.js";

/** What a log says of an event, before the client's address: what was done, or in `detect` mode would have been. */
const SAYINGS: Readonly<Record<BunkerEventType, readonly [level: LogLevel, done: string, would: string]>> = {
  denied: ["info", "refused", "would have refused"],
  challenged: ["info", "challenged", "would have challenged"],
  solved: ["info", "challenge solved by", "challenge solved by"],
  failed: ["info", "challenge failed by", "challenge failed by"],
  banned: ["warn", "banned", "would have banned"],
  unbanned: ["info", "unbanned", "unbanned"],
  reported: ["info", "reported", "reported"],
  fault: ["error", "fault in", "fault in"],
  warning: ["warn", "warning of", "warning of"],
};

const MAX_PATH = 256;
const trace = debuglog("express-bunker");

/** What writes events to one log, for all middlewares that log there. */
interface Records {
  readonly limit: LogLimit;
  readonly kinds: Map<BunkerEventType, { users: number; readonly stop: () => void }>;
}

/** Logs events, one record each and within limits, however many middlewares share the store and the logger. */
export class EventLog {
  private readonly events: EventBus;
  private readonly records = new WeakMap<Log, Records>();

  constructor(scope: StoreScope) {
    this.events = scope.get(EventBus);
    if (!trace.enabled) return;
    for (const type of EVENT_TYPES)
      this.events.on(type, (event) => trace("%s %s", event.type, printableJson(event)));
  }

  /**
   * Logs events of some kinds. Warnings are not among them: the bus logs all of them itself.
   *
   * @returns a function that stops it
   */
  start(log: Log, kinds: readonly BunkerEventType[]): () => void {
    let records = this.records.get(log);
    if (records === undefined) {
      records = { limit: new LogLimit((leftOut) => summarise(log, leftOut)), kinds: new Map() };
      this.records.set(log, records);
    }
    const { limit, kinds: running } = records;
    const started = kinds.filter((type) => type !== "warning");
    for (const type of started) {
      const known = running.get(type);
      if (known === undefined)
        running.set(type, { users: 1, stop: this.events.onBrief(type, recorderOf(log, limit)) });
      else known.users++;
    }
    return () => {
      for (const type of started.splice(0)) {
        const known = running.get(type);
        if (known === undefined || --known.users > 0) continue;
        running.delete(type);
        known.stop();
      }
      if (running.size === 0) limit.flush();
    };
  }
}

function recorderOf(log: Log, limit: LogLimit): BunkerListener {
  return (event) => {
    const admitted = admit(limit, event);
    if (admitted === undefined) return;
    const { type, mode, protection, reason } = event;
    const [level, done, would] = SAYINGS[type];
    const about = type === "fault" ? `${protection}: ${reason}` : event.ip;
    const repeated = admitted.repeated === 0 ? undefined : admitted.repeated;
    log.write({
      level,
      event: type,
      message: `${mode === "detect" ? would : done} ${about}`,
      fields: { ...fieldsOf(event), repeated },
    });
  };
}

function admit(limit: LogLimit, { type, ip, protection, reason, time }: BunkerEvent) {
  const now = time.getTime();
  if (type === "banned" || type === "unbanned") return limit.admit(type, undefined, BANS, now);
  // A store that is down breaks every request, and a hook may fail with every client's own text.
  if (type === "fault") return limit.admit(type, `${protection}: ${reason}`, FAULTS, now);
  return limit.admit(type, ip, REQUESTS, now);
}

function fieldsOf(event: BunkerEvent): LogFields {
  const { type, ip, service, protection, reason, id, method, path, status, mode } = event;
  return {
    ip,
    service,
    protection,
    reason,
    id,
    method,
    path: path?.slice(0, MAX_PATH),
    status,
    mode: mode === "detect" ? mode : undefined,
    ...(type === "fault" ? { err: errorOf(event.data) } : detailOf(event)),
  };
}

function errorOf(data: unknown): object {
  if (data instanceof Error) return data;
  return { message: typeof data === "string" ? data : printableJson(data) };
}

// The small details of an event: evidence stays in the store.
function detailOf({ type, data }: BunkerEvent): LogFields {
  if (typeof data !== "object" || data === null) return {};
  const { scope, expires, action, passHolder, kind } = data as Record<string, unknown>;
  if (type === "solved" || type === "failed") return { kind };
  if (type !== "banned" && type !== "unbanned") return {};
  return {
    scope,
    expires: expires === null ? "never" : expires,
    action,
    passHolder: passHolder || undefined,
  };
}

function summarise(log: Log, leftOut: Readonly<Record<string, number>>): void {
  const counts = Object.entries(leftOut);
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  log.info("left_out", `records left out of the log: ${all}`, { leftOut });
}
