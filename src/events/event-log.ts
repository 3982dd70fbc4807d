import { printableJson } from "../printable.js";
import { RecentMap } from "../recent-map.js";
import type { StoreScope } from "../store/store-scope.js";
import { printableLogger } from "./printable-logger.js";
import {
  EventBus,
  type BunkerEvent,
  type BunkerEventType,
  type BunkerListener,
  type Logger,
} from "./event-bus.js";

/** A fault of the same protection and reason is logged once in this time, in ms. */
const FAULT_LINE_MS = 60_000;

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
  start(to: Logger, mode: BunkerEvent["mode"]): () => void {
    const logger = printableLogger(to);
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

// A store that is down breaks every request, and a hook may fail with every client's own text.
function faultWriter(logger: Logger): BunkerListener {
  const written = new RecentMap<string, { readonly at: number; left: number }>(256);
  return ({ protection, reason, data, time }) => {
    const fault = `${protection}: ${reason}`;
    const last = written.get(fault);
    const now = time.getTime();
    // A clock that goes back starts anew.
    if (last !== undefined && now >= last.at && now < last.at + FAULT_LINE_MS) {
      last.left++;
      return;
    }
    written.set(fault, { at: now, left: 0 });
    const others =
      last === undefined || last.left === 0 ? "" : ` (and ${last.left} more since the last line)`;
    logger.error(`express-bunker: fault in ${fault}${others}`, data);
  };
}

function modal(event: BunkerEvent): string {
  return event.mode === "detect" ? "would have" : "has";
}

function detailOf(event: BunkerEvent): string {
  const { service, protection, reason, id, method, path } = event;
  return printableJson({ service, protection, reason, id, method, path: path?.slice(0, 256) });
}
