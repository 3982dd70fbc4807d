import type { ListStatus } from "../lists/address-list.js";
import type { ZoneStatus } from "./zone.js";

/** The result of {@link DnsblParts.check}. */
export interface DnsblCheck {
  /** `error` = the look-up failed; `skipped` = such an address is never looked up. */
  readonly verdict: "listed" | "clean" | "error" | "skipped";
  /** The zone that decided. */
  readonly zone?: string;
  /** The response code of that zone, or what went wrong. */
  readonly code?: string;
}

/** The state of the protection. */
export interface DnsblStatus {
  readonly zones: readonly ZoneStatus[];
  /** Addresses being looked up now. */
  readonly inFlight: number;
  /** Look-ups that were not made because there were too many; their clients passed. */
  readonly shed: number;
  /** Requests that passed because the zones did not reply within `timeout`. */
  readonly late: number;
  /** Addresses whose verdict this process remembers; an IPv6 prefix counts once. */
  readonly remembered: number;
  readonly ignoreLists: readonly ListStatus[];
}

/** The functions of `dnsbl()`, besides those of every middleware. */
export interface DnsblParts {
  /**
   * Looks an address up, or returns the cached verdict. Bans nobody.
   *
   * @throws {BunkerBanError} `ERR_BUNKER_BAN_ADDRESS` if `ip` is not an IP address
   */
  check(ip: string): Promise<DnsblCheck>;
  /** The state of zones, look-ups and ignore lists. */
  status(): DnsblStatus;
  /** Tests every zone and downloads every ignore list now. */
  sync(): Promise<void>;
}
