import { parseAddress, parseRange, prefixOf, type Address, type AddressRange } from "../address/address.js";
import { BunkerBanError } from "../errors.js";

/**
 * Returns what a ban of an address or range covers: an IPv6 address stands for its prefix.
 *
 * @throws {BunkerBanError} `ERR_BUNKER_BAN_ADDRESS` if `ip` is neither
 */
export function subjectOf(ip: string, ipv6Subnet: number): AddressRange {
  const address = addressOf(ip);
  const range = address === undefined ? parseRange(ip) : prefixOf(address, ipv6Subnet);
  if (range === undefined) throw notAnAddress(`"${ip.slice(0, 64)}"`);
  return range;
}

/**
 * Returns the address in `ip`; `undefined` = it is no single address.
 *
 * @throws {BunkerBanError} `ERR_BUNKER_BAN_ADDRESS` if `ip` is not a text
 */
export function addressOf(ip: unknown): Address | undefined {
  if (typeof ip !== "string")
    throw notAnAddress(ip === undefined || ip === null ? String(ip) : `a ${typeof ip}`);
  return parseAddress(ip);
}

function notAnAddress(what: string): BunkerBanError {
  return new BunkerBanError("ERR_BUNKER_BAN_ADDRESS", `${what} is not a valid IP address or CIDR range`);
}

/** Returns what an unban lifts: for an IPv6 address the bans of its prefix and of the address alone. */
export function subjectsOf(ip: string, ipv6Subnet: number): AddressRange[] {
  const subject = subjectOf(ip, ipv6Subnet);
  const address = parseAddress(ip);
  const exact = address === undefined ? undefined : prefixOf(address, 128);
  return exact === undefined || exact.text === subject.text ? [subject] : [subject, exact];
}
