import type { DnsClient } from "../dns/dns-client.js";
import type { Context } from "../engine/context.js";
import { ALL_CODES, knownZone, zoneLabel } from "./codes.js";
import type { DnsblResolved } from "./options.js";
import { Zone } from "./zone.js";

/** Creates the zones of a configuration; logs which codes do not count by default. */
export function zonesOf(options: DnsblResolved, dns: DnsClient, context: Context): Zone[] {
  const { logger } = context.options;
  return [...new Set(options.list)].map((name) => {
    const known = knownZone(name);
    const codes = options.codes.get(name) ?? known?.codes ?? ALL_CODES;
    if (known?.policy === true && !options.codes.has(name) && logger !== false)
      logger.info(
        "dnsbl_codes",
        `DNSBL: home users' addresses in ${zoneLabel(name)} (127.0.0.10 and 127.0.0.11) do not count; codes: { "${zoneLabel(name)}": "all" } includes them`,
      );
    return new Zone(name, codes, dns, context);
  });
}
