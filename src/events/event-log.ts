import type { StoreScope } from "../store/store-scope.js";
import {
  EventBus,
  type BunkerEvent,
  type BunkerEventType,
  type BunkerListener,
  type Logger,
} from "./event-bus.js";

/** Logs the events that an operator must see, one line each, however many middlewares share the store and the logger. */
export class EventLog {
  private readonly events: EventBus;
  private readonly logged = new WeakMap<Logger, Set<BunkerEventType>>();

  constructor(scope: StoreScope) {
    this.events = scope.get(EventBus);
  }

  /**
   * Logs faults, bans, and in `detect` mode everything that would have been done.
   *
   * @returns a function that stops it
   */
  start(logger: Logger, mode: BunkerEvent["mode"]): () => void {
    let logged = this.logged.get(logger);
    if (logged === undefined) this.logged.set(logger, (logged = new Set()));
    const types = logged;
    // Under attack there are thousands of refusals a second, so they get a listener only where it would log.
    const wanted: BunkerEventType[] =
      mode === "detect" ? ["banned", "fault", "denied", "challenged"] : ["banned", "fault"];
    const stops = wanted
      .filter((type) => !types.has(type))
      .map((type) => {
        types.add(type);
        const stop = this.events.on(type, writerOf(type, logger));
        return () => {
          stop();
          types.delete(type);
        };
      });
    return () => {
      for (const stop of stops) stop();
    };
  }
}

function writerOf(type: BunkerEventType, logger: Logger): BunkerListener {
  if (type === "banned")
    return (event) => logger.warn(`express-bunker: ${modal(event)} banned ${event.ip}`, detailOf(event));
  if (type === "fault") return faultWriter(logger);
  return (event) => {
    if (event.mode === "detect")
      logger.info(`express-bunker: ${modal(event)} ${type} ${event.ip}`, detailOf(event));
  };
}

// A store that is down breaks every request: the same fault is logged once.
function faultWriter(logger: Logger): BunkerListener {
  let last = "";
  return (event) => {
    const fault = `${event.protection} ${event.reason} ${String(event.data)}`;
    if (fault !== last)
      logger.error(`express-bunker: fault in ${event.protection}: ${event.reason}`, event.data);
    last = fault;
  };
}

function modal(event: BunkerEvent): string {
  return event.mode === "detect" ? "would have" : "has";
}

// The client's text goes through JSON, so that no control character reaches the log.
function detailOf(event: BunkerEvent): string {
  const { service, protection, reason, id, method, path } = event;
  return JSON.stringify({ service, protection, reason, id, method, path: path?.slice(0, 256) });
}
