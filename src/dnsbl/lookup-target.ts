import { isGlobal, prefixOf, type Address } from "../address/address.js";
import type { Client, Identity } from "../request/client.js";

/** An address that may be looked up. */
export interface LookupTarget {
  readonly ip: string;
  /** What its client is kept under: the address, or its IPv6 prefix. */
  readonly key: string;
  readonly address: Address;
}

/**
 * Which address of a client is looked up, if any: never a trusted proxy's and never one that is not global (R3). A private
 * address that anybody could claim gives way to the peer's (R2).
 */
export function lookupTargetOf(client: Client): LookupTarget | undefined {
  const { identity, vouched } = client;
  if (identity.isProxy) return undefined;
  if (identity.isGlobal) return target(identity);
  return vouched.isGlobal ? target(vouched) : undefined;
}

/** An address that no request came from. */
export function lookupTargetOfAddress(address: Address, ipv6Subnet: number): LookupTarget | undefined {
  if (!isGlobal(address)) return undefined;
  return { ip: address.text, key: prefixOf(address, ipv6Subnet).text, address };
}

// An identity that has an address is a target as it is.
function target(identity: Identity): LookupTarget | undefined {
  return identity.address === undefined ? undefined : (identity as Identity & { address: Address });
}
