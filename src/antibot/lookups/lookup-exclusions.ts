import type { Address } from "../../address/address.js";
import type { Client } from "../../request/client.js";
import { ConfirmedNames, type NamesResult } from "../../dns/confirmed-names.js";
import { DnsClient } from "../../dns/dns-client.js";
import type { RequestView } from "../../request/request-view.js";
import type { Context } from "../../engine/context.js";
import { isThenable, type Awaitable } from "../../awaitable.js";
import { withTimeout } from "../../with-timeout.js";
import { GeoCache } from "./geo-cache.js";
import { readAsn, readCountry } from "./geo-database.js";
import { LookupLimits } from "./lookup-limits.js";
import { liesBelow } from "../../dns/name-suffix.js";
import type { LookupResolved } from "./options.js";
import { VerifiedBots } from "../../dns/verified-bots.js";

/** The rule that excluded a request. */
export type LookupReason = "ignoreCountry" | "onlyCountry" | "ignoreAsn" | "ignoreRdns" | "verifiedBots";

type Excluding = Awaitable<LookupReason | undefined>;
type Rule = (client: Client, address: Address, request: RequestView) => Excluding;

/** How long a visitor waits for all look-ups together, in ms. Slower ones go on, for the next visit. */
const DEADLINE = 2000;

/** The exclusions that look up an address's country, network and names. A look-up that fails excludes nothing. */
export class LookupExclusions {
  private readonly rules: readonly Rule[];
  private readonly names: ConfirmedNames;
  private readonly bots: VerifiedBots;
  private readonly country: GeoCache<string> | undefined;
  private readonly asn: GeoCache<number> | undefined;
  private readonly nameLimits = new LookupLimits();

  constructor(
    context: Context,
    private readonly options: LookupResolved,
  ) {
    const timed = (answer: Promise<unknown>): void => void context.meter.timed("dns", "names", answer);
    this.names = new ConfirmedNames(
      new DnsClient({ resolver: context.options.resolver, timed }),
      context.now,
    );
    this.bots = new VerifiedBots(options.verifiedBots, (text) =>
      context.events.warn("WRN_BUNKER_VERIFIED_BOT", text, text),
    );
    const { asn, country } = options.geo;
    this.country = country && new GeoCache(context, country, readCountry);
    this.asn = asn && new GeoCache(context, asn, readAsn);
    const { ignoreCountry, onlyCountry, ignoreAsn, ignoreRdns } = options;
    const rules: Rule[] = [];
    if (ignoreCountry.size > 0 || onlyCountry.size > 0) rules.push(this.byCountry.bind(this));
    if (ignoreAsn.size > 0) rules.push(this.byNetwork.bind(this));
    if (ignoreRdns.length > 0 || this.bots.size > 0) rules.push(this.byName.bind(this));
    this.rules = rules;
  }

  /** The rule that excludes this request, if there is one. Returns at once when nothing has to be looked up. */
  of(client: Client, request: RequestView): Excluding {
    // A client that can choose its address is judged by the address at the socket (R2).
    const { address } = client.trustedIdentity;
    if (address === undefined || this.rules.length === 0) return undefined;
    const found = this.from(0, client, address, request);
    return isThenable(found) ? withTimeout(found, DEADLINE, () => undefined) : found;
  }

  private from(index: number, client: Client, address: Address, request: RequestView): Excluding {
    for (let at = index; at < this.rules.length; at++) {
      const found = (this.rules[at] as Rule)(client, address, request);
      if (isThenable(found)) return found.then((late) => late ?? this.from(at + 1, client, address, request));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private byCountry(client: Client, address: Address): Excluding {
    const { ignoreCountry, onlyCountry } = this.options;
    if (!client.trustedIdentity.isGlobal) {
      // A private address has no country, so it is in none of those that are gated; but not when it is only claimed.
      const own = client.ip === client.trustedIdentity.ip;
      return own && onlyCountry.size > 0 ? "onlyCountry" : undefined;
    }
    return after(this.country?.get(client.key, address), (country) => {
      if (country === undefined) return undefined;
      if (ignoreCountry.has(country)) return "ignoreCountry";
      return onlyCountry.size > 0 && !onlyCountry.has(country) ? "onlyCountry" : undefined;
    });
  }

  private byNetwork(client: Client, address: Address): Excluding {
    if (!client.trustedIdentity.isGlobal) return undefined;
    return after(this.asn?.get(client.key, address), (asn) =>
      asn !== undefined && this.options.ignoreAsn.has(asn) ? "ignoreAsn" : undefined,
    );
  }

  private byName(client: Client, address: Address, request: RequestView): Excluding {
    const { ignoreRdns, rdnsGlobal } = this.options;
    if (!client.trustedIdentity.isGlobal && (rdnsGlobal || ignoreRdns.length === 0)) return undefined;
    const cached = this.names.cached(address);
    if (cached !== undefined) return this.excludingName(cached);
    const found = this.nameLimits.run(client.key, address.text, () => this.names.of(address));
    // A client that cannot be let in does not wait; its names are known when it comes again.
    const waits = ignoreRdns.length > 0 || this.bots.claimedBy(request.header("user-agent"));
    return waits ? after(found, (late) => late && this.excludingName(late)) : undefined;
  }

  private excludingName(answer: NamesResult): LookupReason | undefined {
    if (answer.kind === "failed") return undefined;
    const { ignoreRdns } = this.options;
    if (answer.names.some((name) => ignoreRdns.some((suffix) => liesBelow(name, suffix))))
      return "ignoreRdns";
    return answer.names.some((name) => this.bots.own(name)) ? "verifiedBots" : undefined;
  }
}

function after<T, U>(value: Awaitable<T>, read: (value: T) => U): Awaitable<U> {
  return isThenable(value) ? value.then(read) : read(value);
}
