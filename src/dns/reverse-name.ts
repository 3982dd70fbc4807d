import type { Address } from "../address/address.js";

/** The name of an address in a DNS list, without the zone (RFC 5782): the octets of IPv4 or the nibbles of IPv6 in reverse order. */
export function reverseName(address: Pick<Address, "family" | "words">): string {
  const { words } = address;
  if (address.family === 4) {
    const word = words[0] as number;
    return `${word & 255}.${(word >>> 8) & 255}.${(word >>> 16) & 255}.${word >>> 24}`;
  }
  const nibbles: string[] = [];
  for (let index = 3; index >= 0; index--) {
    const word = words[index] as number;
    for (let shift = 0; shift < 32; shift += 4) nibbles.push(((word >>> shift) & 15).toString(16));
  }
  return nibbles.join(".");
}
