import type { Client } from "../request/client.js";
import type { EventBus } from "../events/event-bus.js";
import type { RequestView } from "../request/request-view.js";
import type { Deny } from "../request/verdict.js";

/** Refuses a request whose Host is no service's (R6), and says so once. */
export function refuseUnknownHost(events: EventBus, client: Client, request: RequestView): Deny {
  const host = (request.header("host") ?? "").slice(0, 255);
  // Scanners ask for any host; who tries the site as localhost, and a balancer that probes it, must not look in vain.
  events.warn(
    "WRN_BUNKER_UNKNOWN_HOST",
    `a request of ${client.ip} was for no service of this app: Host ${JSON.stringify(host)}; such requests are refused unless unknownHost names a service for them`,
    client.isGlobal ? "" : "local",
  );
  return { action: "deny", protection: "services", reason: "unknown host", data: { host } };
}
