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

/** What one DNS blocklist says of an address. */
export interface ZoneReport {
  /** Its name, without a customer's key. */
  readonly zone: string;
  readonly verdict: "listed" | "clean" | "error";
  /** The code that it answered; for an error what went wrong. */
  readonly code?: string;
  /** The reason that it publishes. */
  readonly text?: string;
}

/** What can be found out about an address, whatever the rules say of it. */
export interface AddressReport {
  readonly ip: string;
  /** Its names, and whether each resolves to it; `undefined` = DNS could not be asked. */
  readonly names: readonly { readonly name: string; readonly confirmed: boolean }[] | undefined;
  readonly zones: readonly ZoneReport[];
  /** The number of its network, where a database is configured. */
  readonly asn?: number;
  /** Its country's two letters, where a database is configured. */
  readonly country?: string;
}

/** What an {@link AddressInspector} asks. */
export interface InspectorOptions {
  readonly resolver?: ResolverOption | undefined;
  readonly dnsbl?: Pick<DnsblResolved, "list" | "codes"> | undefined;
  readonly asn?: ((ip: string) => Awaitable<unknown>) | undefined;
  readonly country?: ((ip: string) => Awaitable<unknown>) | undefined;
}

/** An address may claim any number of names; this many are looked at. */
const MAX_NAMES = 8;
const DEADLINE_MS = 3000;

/** Finds out what DNS, blocklists and databases know of an address: every zone by itself, with its own words. */
export class AddressInspector {
  private readonly dns: DnsClient;

  constructor(private readonly options: InspectorOptions) {
    this.dns = new DnsClient({ resolver: options.resolver, deadline: DEADLINE_MS, maxInFlight: 64 });
  }

  /**
   * Asks everybody at once.
   *
   * @throws {BunkerBanError} `ERR_BUNKER_BAN_ADDRESS` for what is no address, as a rejection
   */
  async inspect(ip: string): Promise<AddressReport> {
    const address = parseAddress(ip);
    if (address === undefined)
      throw new BunkerBanError("ERR_BUNKER_BAN_ADDRESS", `"${ip.slice(0, 64)}" is no IP address`);
    const zones = [...new Set(this.options.dnsbl?.list ?? [])];
    const [names, asked, asn, country] = await Promise.all([
      this.namesOf(address),
      Promise.all(zones.map((zone) => this.askZone(zone, address))),
      lookedUp(this.options.asn, readAsn, address),
      lookedUp(this.options.country, readCountry, address),
    ]);
    return {
      ip: address.text,
      names,
      zones: asked,
      ...(asn === undefined ? {} : { asn }),
      ...(country === undefined ? {} : { country }),
    };
  }

  private async namesOf(address: Address): Promise<AddressReport["names"]> {
    const claimed = await this.dns.reverse(address.text);
    if (claimed.kind === "failed") return undefined;
    if (claimed.kind === "absent") return (await this.couldAsk(address)) ? [] : undefined;
    const names = claimed.values.slice(0, MAX_NAMES).map((name) => name.toLowerCase().replace(/\.$/, ""));
    const found = await new ConfirmedNames(this.dns, Date.now).of(address);
    const confirmed = new Set(found.kind === "names" ? found.names : []);
    return names.map((name) => ({ name: printable(name, 255), confirmed: confirmed.has(name) }));
  }

  // Node's resolver says "not found" for names of addresses even when no server answered; for other questions it tells the truth.
  private async couldAsk(address: Address): Promise<boolean> {
    const zone = address.family === 4 ? "in-addr.arpa" : "ip6.arpa";
    return (await this.dns.resolve4(`${reverseName(address)}.${zone}`)).kind !== "failed";
  }

  private async askZone(zone: string, address: Address): Promise<ZoneReport> {
    const name = `${reverseName(address)}.${zone}`;
    const shown = zoneLabel(zone);
    const codes = this.options.dnsbl?.codes.get(zone) ?? knownZone(zone)?.codes ?? ALL_CODES;
    const answer = readZoneResponse(await this.dns.resolve4(name), codes);
    if (answer.kind === "error")
      return {
        zone: shown,
        verdict: "error",
        code: answer.code === undefined ? answer.why : `${answer.why} ${answer.code}`,
      };
    if (answer.code === undefined) return { zone: shown, verdict: "clean" };
    const reason = await this.dns.resolveTxt(name);
    const [text] = reason.kind === "found" ? reason.values : [];
    return {
      zone: shown,
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
