import type { BunkerEvent, BunkerEventType, BunkerListener, EventBus, Logger } from "./event-bus.js";

const logging = new WeakMap<EventBus, WeakMap<Logger, Set<BunkerEventType>>>();

/**
 * Writes the events that an operator must see: faults, bans, and in `detect` mode everything that would have been done.
 * One line an event, however many middlewares share the events and the logger. The answer stops it.
 */
export function logEvents(events: EventBus, logger: Logger, mode: BunkerEvent["mode"]): () => void {
  let loggers = logging.get(events);
  if (loggers === undefined) logging.set(events, (loggers = new WeakMap<Logger, Set<BunkerEventType>>()));
  let logged = loggers.get(logger);
  if (logged === undefined) loggers.set(logger, (logged = new Set<BunkerEventType>()));
  // A refusal is told of thousands of times a second under attack: nobody listens for it who would say nothing.
  const wanted: BunkerEventType[] =
    mode === "detect" ? ["banned", "fault", "denied", "challenged"] : ["banned", "fault"];
  const stops = wanted
    .filter((type) => !logged.has(type))
    .map((type) => {
      logged.add(type);
      const stop = events.on(type, writerOf(type, logger));
      return () => {
        stop();
        logged.delete(type);
      };
    });
  return () => {
    for (const stop of stops) stop();
  };
}

function writerOf(type: BunkerEventType, logger: Logger): BunkerListener {
  if (type === "banned")
    return (event) => logger.warn(`express-bunker: ${said(event)} banned ${event.ip}`, brief(event));
  if (type === "fault") return faultWriter(logger);
  return (event) => {
    if (event.mode === "detect")
      logger.info(`express-bunker: ${said(event)} ${type} ${event.ip}`, brief(event));
  };
}

// A store that is down breaks every request; the first line says all that the others would.
function faultWriter(logger: Logger): BunkerListener {
  let last = "";
  return (event) => {
    const fault = `${event.protection} ${event.reason} ${String(event.data)}`;
    if (fault !== last)
      logger.error(`express-bunker: fault in ${event.protection}: ${event.reason}`, event.data);
    last = fault;
  };
}

function said(event: BunkerEvent): string {
  return event.mode === "detect" ? "would have" : "has";
}

// Everything the client wrote goes through JSON, so that no control character reaches the log.
function brief(event: BunkerEvent): string {
  const { service, protection, reason, id, method, path } = event;
  return JSON.stringify({ service, protection, reason, id, method, path: path?.slice(0, 256) });
}
