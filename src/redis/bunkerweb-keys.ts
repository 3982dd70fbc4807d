import { parseAddress, parseRange } from "../address/address.js";
import { SERVICE_NAME } from "../service-name.js";

/** The prefix of every ban in BunkerWeb. */
export const BUNKERWEB_BANS = "bans_";

/** BunkerWeb's key for our ban `ban:<rest>`; `undefined` unless it bans a single address. */
export function bunkerwebKey(rest: string): string | undefined {
  const bar = rest.indexOf("|");
  const subject = bar < 0 ? rest : rest.slice(0, bar);
  // In the spelling that it has: BunkerWeb may write another one than ours.
  if (parseAddress(subject) === undefined) return undefined;
  return bar < 0 ? `bans_ip_${subject}` : `bans_service_${rest.slice(bar + 1)}_ip_${subject}`;
}

/** BunkerWeb's counter for our window of bad responses `hit:<rest>`, if it has one. */
export function bunkerwebCounter(rest: string): string | undefined {
  const [subject = "", part, service] = rest.split("|");
  if (part !== "bb" || service === undefined || parseAddress(subject)?.text !== subject) return undefined;
  if (service === "*") return `plugin_bad_behavior_${subject}`;
  return SERVICE_NAME.test(service) ? `plugin_bad_behavior_${service}_${subject}` : undefined;
}

/** Our key for BunkerWeb's ban `data`; `undefined` if it does not ban an address. */
export function fromBunkerweb(data: string): string | undefined {
  const global = /^bans_ip_(.+)$/.exec(data);
  const found = global ?? /^bans_service_(.+)_ip_([^_]+)$/.exec(data);
  const range = found && parseRange(found[found.length - 1] as string);
  if (!found || !range || !parseAddress(range.text)) return undefined;
  const subject = found[found.length - 1] as string;
  if (global !== null) return `ban:${subject}`;
  const service = (found[1] ?? "").toLowerCase();
  return SERVICE_NAME.test(service) ? `ban:${subject}|${service}` : undefined;
}
