import { isGlobal, parseAddress } from "../address/address.js";
import type { AddressSet } from "../address/address-set.js";
import { fieldOf } from "./json-body.js";
import type { Reasons } from "./reasons.js";

/** How many reports come at once. */
export const MAX_REPORTS = 100;

/** What the reports of one call say of an address. */
export interface ReportedAddress {
  /** As {@link Reasons} keeps them. */
  reasons: number;
  count: number;
}

/** What is in a body of reports. */
export interface ParsedReports {
  /** By address in its canonical form. */
  readonly addresses: ReadonlyMap<string, ReportedAddress>;
  /** Reports about nobody that may be listed, or that cannot be read. */
  readonly refused: number;
}

/**
 * Reads reports. Only address and reason are looked at: when it was, the server knows itself, and what else is told
 * (URLs, headers) is not kept. A report that cannot be read spoils none of the others.
 */
export function readReports(reports: readonly unknown[], reasons: Reasons, allow: AddressSet): ParsedReports {
  const said = new Map<string, ReportedAddress>();
  let refused = 0;
  for (const report of reports) {
    const ip = isObject(report) ? fieldOf(report, "ip") : undefined;
    const address = typeof ip === "string" && ip.length <= 64 ? parseAddress(ip) : undefined;
    if (address === undefined || !isGlobal(address) || allow.has(address)) {
      refused++;
      continue;
    }
    const bit = reasons.bitOf(fieldOf(report as Record<string, unknown>, "reason"));
    const known = said.get(address.text);
    if (known === undefined) said.set(address.text, { reasons: bit, count: 1 });
    else {
      known.reasons |= bit;
      known.count++;
    }
  }
  return { addresses: said, refused };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
