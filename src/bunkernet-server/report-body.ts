import { isGlobal, parseAddress } from "../address/address.js";
import type { AddressSet } from "../address/address-set.js";
import { fieldOf } from "./json-body.js";
import type { Reasons } from "./reasons.js";

/** The maximum number of reports per call. */
export const MAX_REPORTS = 100;

/**
 * Reads the address and reason of each report. The server has its own clock, and nothing else (URLs, headers) is stored. A
 * report that cannot be read, or whose address may not be listed, is counted as refused and does not affect the others.
 */
export function readReports(reports: readonly unknown[], reasons: Reasons, allow: AddressSet) {
  // Sets of reasons and numbers of reports, by address in its canonical form.
  const addresses = new Map<string, { reasons: number; count: number }>();
  let refused = 0;
  for (const report of reports) {
    const ip = isObject(report) ? fieldOf(report, "ip") : undefined;
    const address = typeof ip === "string" && ip.length <= 64 ? parseAddress(ip) : undefined;
    if (address === undefined || !isGlobal(address) || allow.has(address)) {
      refused++;
      continue;
    }
    const bit = reasons.bitOf(fieldOf(report as Record<string, unknown>, "reason"));
    const known = addresses.get(address.text);
    if (known === undefined) addresses.set(address.text, { reasons: bit, count: 1 });
    else {
      known.reasons |= bit;
      known.count++;
    }
  }
  return { addresses, refused };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
