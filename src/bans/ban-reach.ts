import { networkInterfaces } from "node:os";
import {
  parseAddress,
  prefixOf,
  rangeContains,
  type Address,
  type AddressRange,
} from "../address/address.js";
import { BunkerBanError } from "../errors.js";

/** For how long the addresses of this machine are taken as unchanged, in ms. */
const OWN_ADDRESSES_MS = 10_000;

/**
 * Checks that a ban does not cover too much.
 *
 * @throws {BunkerBanError} `ERR_BUNKER_BAN_WIDE` if it is very wide, or covers this machine or one of `proxies`
 */
export function checkReach(range: AddressRange, proxies: Iterable<AddressRange>): void {
  const widest = range.address.family === 4 ? 8 : 19;
  if (range.bits < widest) {
    throw new BunkerBanError(
      "ERR_BUNKER_BAN_WIDE",
      `${range.text} is wider than /${widest}; pass force: true if you mean it`,
    );
  }
  for (const own of [...ownAddresses(), ...proxies]) {
    const overlaps = rangeContains(range, own.address) || rangeContains(own, range.address);
    if (!overlaps) continue;
    throw new BunkerBanError(
      "ERR_BUNKER_BAN_WIDE",
      `${range.text} covers ${own.text}, which is this machine or a trusted proxy; pass force: true if you mean it`,
    );
  }
}

let known: readonly AddressRange[] = [];
let knownAt = -Infinity;

// Asking the system takes longer than all the rest of a ban.
function ownAddresses(): readonly AddressRange[] {
  const now = performance.now();
  if (now - knownAt >= OWN_ADDRESSES_MS) {
    known = readOwnAddresses();
    knownAt = now;
  }
  return known;
}

function readOwnAddresses(): AddressRange[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map((entry) => parseAddress(entry.address)),
  );
  return addresses
    .filter((address): address is Address => address !== undefined)
    .map((address) => prefixOf(address, 128));
}

/** Whether {@link checkReach} would let a ban pass. */
export function isWithinReach(range: AddressRange, proxies: Iterable<AddressRange>): boolean {
  try {
    checkReach(range, proxies);
    return true;
  } catch {
    return false;
  }
}
