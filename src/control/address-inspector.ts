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

/** The sources of {@link inspectAddress}. */
export interface InspectorOptions {
  readonly resolver?: ResolverOption | undefined;
  readonly dnsbl?: Pick<DnsblResolved, "list" | "codes"> | undefined;
  readonly asn?: ((ip: string) => Awaitable<unknown>) | undefined;
  readonly country?: ((ip: string) => Awaitable<unknown>) | undefined;
}

/** The maximum number of names that are checked; an address may claim any number. */
const MAX_NAMES = 8;

/**
 * Collects information about an address from DNS, blocklists and databases concurrently: one result per zone.
 *
 * @throws {BunkerBanError} `ERR_BUNKER_BAN_ADDRESS` if `ip` is not a valid address, as a rejection
 */
export async function inspectAddress(ip: string, sources: InspectorOptions): Promise<AddressReport> {
  const { resolver, dnsbl } = sources;
  const dns = new DnsClient({ resolver, deadline: 3000, maxInFlight: 64 });
  const address = parseAddress(ip);
  if (address === undefined)
    throw new BunkerBanError("ERR_BUNKER_BAN_ADDRESS", `"${ip.slice(0, 64)}" is no IP address`);
  const [names, zones, asn, country] = await Promise.all([
    namesOf(address, dns),
    Promise.all([...new Set(dnsbl?.list)].map((zone) => askZone(zone, address, dns, dnsbl))),
    lookedUp(sources.asn, readAsn, address),
    lookedUp(sources.country, readCountry, address),
  ]);
  return {
    ip: address.text,
    names,
    zones,
    ...(asn === undefined ? {} : { asn }),
    ...(country === undefined ? {} : { country }),
  };
}

async function namesOf(address: Address, dns: DnsClient): Promise<AddressReport["names"]> {
  const claimed = await dns.reverse(address.text);
  if (claimed.kind === "failed") return undefined;
  if (claimed.kind === "absent") {
    // For reverse look-ups, Node's resolver returns "not found" even if no server replied; other queries return the error.
    const zone = address.family === 4 ? "in-addr.arpa" : "ip6.arpa";
    return (await dns.resolve4(`${reverseName(address)}.${zone}`)).kind === "failed" ? undefined : [];
  }
  const names = claimed.values.slice(0, MAX_NAMES).map((name) => name.toLowerCase().replace(/\.$/, ""));
  const found = await new ConfirmedNames(dns, Date.now).of(address);
  const confirmed = new Set(found.kind === "names" ? found.names : []);
  return names.map((name) => ({ name: printable(name, 255), confirmed: confirmed.has(name) }));
}

async function askZone(
  zone: string,
  address: Address,
  dns: DnsClient,
  dnsbl: InspectorOptions["dnsbl"],
): Promise<ZoneReport> {
  const name = `${reverseName(address)}.${zone}`;
  const label = zoneLabel(zone);
  const codes = dnsbl?.codes.get(zone) ?? knownZone(zone)?.codes ?? ALL_CODES;
  const response = readZoneResponse(await dns.resolve4(name), codes);
  const { kind: verdict, code } = response;
  if (response.kind === "error")
    return { zone: label, verdict, code: code === undefined ? response.why : `${response.why} ${code}` };
  if (code === undefined) return { zone: label, verdict: "clean" };
  const reason = await dns.resolveTxt(name);
  const [text] = reason.kind === "found" ? reason.values : [];
  return { zone: label, verdict, code, ...(text === undefined ? {} : { text: printable(text, 255) }) };
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
