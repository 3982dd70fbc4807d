import { readAsn, readCountry } from "../antibot/lookups/geo-database.js";
import { parseAddress, type Address } from "../address/address.js";
import { ConfirmedNames } from "../dns/confirmed-names.js";
import { DnsClient } from "../dns/dns-client.js";
import type { ResolverOption } from "../dns/resolver-option.js";
import { reverseName } from "../dns/reverse-name.js";
import { BunkerBanError } from "../errors.js";
import type { DnsblResolved } from "../dnsbl/options.js";
import { ALL_CODES, knownZone, zoneLabel } from "../dnsbl/codes.js";
import { readZoneResponse } from "../dnsbl/zone-response.js";
import type { Awaitable } from "../awaitable.js";
import { printable } from "../printable.js";

/** The result of one DNS blocklist for an address. */
export interface ZoneReport {
  /** The name of the zone, without the customer's key. */
  readonly zone: string;
  readonly verdict: "listed" | "clean" | "error";
  /** The response code; for an error, its cause. */
  readonly code?: string;
  /** The reason that the zone publishes. */
  readonly text?: string;
}

/** Information about an address, independent of the rules. */
export interface AddressReport {
  readonly ip: string;
  /** The names of the address, and whether each resolves to it; `undefined` = DNS failed. */
  readonly names: readonly { readonly name: string; readonly confirmed: boolean }[] | undefined;
  readonly zones: readonly ZoneReport[];
  /** The number of its network, if a database is configured. */
  readonly asn?: number;
  /** The two-letter code of its country, if a database is configured. */
  readonly country?: string;
}

/** The sources of an {@link AddressInspector}. */
export interface InspectorOptions {
  readonly resolver?: ResolverOption | undefined;
  readonly dnsbl?: Pick<DnsblResolved, "list" | "codes"> | undefined;
  readonly asn?: ((ip: string) => Awaitable<unknown>) | undefined;
  readonly country?: ((ip: string) => Awaitable<unknown>) | undefined;
}

/** The maximum number of names that are checked; an address may claim any number. */
const MAX_NAMES = 8;
const DEADLINE_MS = 3000;

/** Collects information about an address from DNS, blocklists and databases: one result per zone. */
export class AddressInspector {
  private readonly dns: DnsClient;

  constructor(private readonly options: InspectorOptions) {
    this.dns = new DnsClient({ resolver: options.resolver, deadline: DEADLINE_MS, maxInFlight: 64 });
  }

  /**
   * Queries all sources concurrently.
   *
   * @throws {BunkerBanError} `ERR_BUNKER_BAN_ADDRESS` if `ip` is not a valid address, as a rejection
   */
  async inspect(ip: string): Promise<AddressReport> {
    const address = parseAddress(ip);
    if (address === undefined)
      throw new BunkerBanError("ERR_BUNKER_BAN_ADDRESS", `"${ip.slice(0, 64)}" is no IP address`);
    const zones = [...new Set(this.options.dnsbl?.list ?? [])];
    const [names, results, asn, country] = await Promise.all([
      this.namesOf(address),
      Promise.all(zones.map((zone) => this.askZone(zone, address))),
      lookedUp(this.options.asn, readAsn, address),
      lookedUp(this.options.country, readCountry, address),
    ]);
    return {
      ip: address.text,
      names,
      zones: results,
      ...(asn === undefined ? {} : { asn }),
      ...(country === undefined ? {} : { country }),
    };
  }

  private async namesOf(address: Address): Promise<AddressReport["names"]> {
    const claimed = await this.dns.reverse(address.text);
    if (claimed.kind === "failed") return undefined;
    if (claimed.kind === "absent") return (await this.dnsWorks(address)) ? [] : undefined;
    const names = claimed.values.slice(0, MAX_NAMES).map((name) => name.toLowerCase().replace(/\.$/, ""));
    const found = await new ConfirmedNames(this.dns, Date.now).of(address);
    const confirmed = new Set(found.kind === "names" ? found.names : []);
    return names.map((name) => ({ name: printable(name, 255), confirmed: confirmed.has(name) }));
  }

  // For reverse look-ups, Node's resolver returns "not found" even if no server replied; other queries return the error.
  private async dnsWorks(address: Address): Promise<boolean> {
    const zone = address.family === 4 ? "in-addr.arpa" : "ip6.arpa";
    return (await this.dns.resolve4(`${reverseName(address)}.${zone}`)).kind !== "failed";
  }

  private async askZone(zone: string, address: Address): Promise<ZoneReport> {
    const name = `${reverseName(address)}.${zone}`;
    const label = zoneLabel(zone);
    const codes = this.options.dnsbl?.codes.get(zone) ?? knownZone(zone)?.codes ?? ALL_CODES;
    const answer = readZoneResponse(await this.dns.resolve4(name), codes);
    if (answer.kind === "error")
      return {
        zone: label,
        verdict: "error",
        code: answer.code === undefined ? answer.why : `${answer.why} ${answer.code}`,
      };
    if (answer.code === undefined) return { zone: label, verdict: "clean" };
    const reason = await this.dns.resolveTxt(name);
    const [text] = reason.kind === "found" ? reason.values : [];
    return {
      zone: label,
      verdict: answer.kind,
      code: answer.code,
      ...(text === undefined ? {} : { text: printable(text, 255) }),
    };
  }
}

async function lookedUp<T>(
  lookup: ((ip: string) => Awaitable<unknown>) | undefined,
  read: (answer: unknown) => T | undefined,
  { text }: Address,
): Promise<T | undefined> {
  try {
    return read(await lookup?.(text));
  } catch {
    return undefined;
  }
}
