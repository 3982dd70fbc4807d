import { isGlobal, prefixOf, type Address } from "../address/address.js";
import type { Client, Identity } from "../request/client.js";

/** An address to look up. */
export interface LookupTarget {
  readonly ip: string;
  /** The client's key: the address, or its IPv6 prefix. */
  readonly key: string;
  readonly address: Address;
}

/**
 * The address of a client to look up, if any: never a trusted proxy's, and only a global one. If the client's address is
 * private, which anybody can claim, the peer's is used.
 */
export function lookupTargetOf(client: Client): LookupTarget | undefined {
  const { identity, trustedIdentity } = client;
  if (identity.isProxy) return undefined;
  if (identity.isGlobal) return identity as Identity & { address: Address };
  return trustedIdentity.isGlobal ? (trustedIdentity as Identity & { address: Address }) : undefined;
}

/** The target for an address without a request. */
export function lookupTargetOfAddress(address: Address, ipv6Subnet: number): LookupTarget | undefined {
  if (!isGlobal(address)) return undefined;
  return { ip: address.text, key: prefixOf(address, ipv6Subnet).text, address };
}
