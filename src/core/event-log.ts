import type { BunkerEvent, Hub, Logger } from "./hub.js";

const logging = new WeakMap<Hub, WeakMap<Logger, number>>();

/**
 * Writes the events that an operator must see: faults, bans, and in `detect` mode everything that would have been done.
 * One line an event, however many middlewares share the hub and the logger. The answer stops it.
 */
export function logEvents(hub: Hub, logger: Logger): () => void {
  let users = logging.get(hub);
  if (users === undefined) logging.set(hub, (users = new WeakMap()));
  const count = users.get(logger) ?? 0;
  users.set(logger, count + 1);
  const stops = count > 0 ? [] : listen(hub, logger);
  return () => {
    users.set(logger, (users.get(logger) ?? 1) - 1);
    for (const stop of stops) stop();
  };
}

function listen(hub: Hub, logger: Logger): (() => void)[] {
  let lastFault = "";
  return [
    hub.on("banned", (event) =>
      logger.warn(`express-bunker: ${said(event)} banned ${event.ip}`, brief(event)),
    ),
    hub.on("fault", (event) => {
      // A store that is down breaks every request; the first line says all that the others would.
      const fault = `${event.protection} ${event.reason} ${String(event.data)}`;
      if (fault !== lastFault)
        logger.error(`express-bunker: fault in ${event.protection}: ${event.reason}`, event.data);
      lastFault = fault;
    }),
    ...(["denied", "challenged"] as const).map((type) =>
      hub.on(type, (event) => {
        if (event.mode === "detect")
          logger.info(`express-bunker: ${said(event)} ${type} ${event.ip}`, brief(event));
      }),
    ),
  ];
}

function said(event: BunkerEvent): string {
  return event.mode === "detect" ? "would have" : "has";
}

// Everything the client wrote goes through JSON, so that no control character reaches the log.
function brief(event: BunkerEvent): string {
  const { service, protection, reason, id, method, path } = event;
  return JSON.stringify({ service, protection, reason, id, method, path: path?.slice(0, 256) });
}
