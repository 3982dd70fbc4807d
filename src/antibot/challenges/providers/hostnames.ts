import type { Context } from "../../../engine/context.js";
import { HOUR_MS } from "../../../events/active-warnings.js";
import { normalHost } from "../../../request/services.js";
import type { Visit } from "../../challenge.js";
import { RIGHT, wrong, type ProviderName, type TokenResult } from "./provider.js";

/**
 * Returns a check of where a token was solved: another site may show our widget and pass its visitors' tokens on.
 * `hostnames`: the site's own names; empty = those of its services, or the Host of each request.
 */
export function hostnameCheck(
  { events, options }: Context,
  provider: ProviderName,
  title: string,
  hostnames: readonly string[],
): (hostname: unknown, visit: Visit) => TokenResult {
  const configured = hostnames.length > 0 ? hostnames : [...options.services].flat(2);
  const names = new Set(configured.map(normalHost));
  return (hostname, { request }) => {
    if (typeof hostname !== "string") return wrong("no hostname");
    const solvedOn = normalHost(hostname);
    const host = request.header("host") ?? request.raw.headers[":authority"];
    const ours = names.size > 0 ? names : new Set([normalHost(String(host ?? ""))]);
    if (ours.has(solvedOn)) return RIGHT;
    events.warn(
      "WRN_BUNKER_PROVIDER",
      `${title} reports a token that was solved on ${JSON.stringify(solvedOn.slice(0, 100))}, but this site is ${[...ours].slice(0, 4).join(", ")}; list your own host names in antibot.${provider}.hostnames`,
      `${title} ${solvedOn.slice(0, 100)}`,
      { lasts: HOUR_MS },
    );
    return wrong("hostname");
  };
}
