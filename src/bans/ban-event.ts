import { setOrigin, type BunkerEvent } from "../events/event-bus.js";
import type { Ban } from "./ban.js";
import type { BanOptions } from "./ban-options.js";

/** Returns the event of a ban that began or was lifted at `now` (ms). */
export function banEvent(
  type: "banned" | "unbanned",
  ban: Ban,
  now: number,
  source: BanOptions["source"] = {},
): BunkerEvent {
  const event: BunkerEvent = {
    type,
    time: new Date(now),
    id: source.id ?? "",
    ip: ban.ip,
    service: ban.service,
    protection: source.protection ?? "bans",
    reason: ban.reason,
    data: {
      scope: ban.scope,
      expires: ban.expires,
      action: ban.action,
      passHolder: source.passHolder ?? false,
      evidence: ban.data,
      ...(source.statuses === undefined ? {} : { statuses: source.statuses }),
    },
    mode: "block",
    ...(source.method === undefined ? {} : { method: source.method }),
    ...(source.path === undefined ? {} : { path: source.path }),
    ...(source.status === undefined ? {} : { status: source.status }),
  };
  return source.origin === undefined ? event : setOrigin(event, source.origin);
}
