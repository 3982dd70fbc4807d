import type { Address } from "../../address/address.js";
import type { Client } from "../../request/client.js";
import { ConfirmedNames, type NamesAnswer } from "../../dns/confirmed-names.js";
import { dnsClientOf } from "../../dns/dns-client.js";
import { messageOf } from "../../errors.js";
import type { RequestView } from "../../request/request-view.js";
import type { Context } from "../../engine/context.js";
import { isThenable } from "../../awaitable.js";
import type { Awaitable } from "../../awaitable.js";
import { GeoAnswers } from "./geo-answers.js";
import { readAsn, readCountry, type GeoLookup } from "./geo-database.js";
import { LookupLimits } from "./lookup-limits.js";
import { liesBelow } from "./name-suffix.js";
import type { LookupResolved } from "./options.js";
import { unverifiableBots, VerifiedBots } from "./verified-bots.js";
import { withTimeout } from "../../with-timeout.js";

/** The rule that excluded a request. */
export type LookupReason = "ignoreCountry" | "onlyCountry" | "ignoreAsn" | "ignoreRdns" | "verifiedBots";

/** What a visitor waits for all look-ups together, in ms. Those that take longer go on for the next visit. */
const DEADLINE = 2000;
type Step = (client: Client, address: Address, request: RequestView) => Awaitable<LookupReason | undefined>;

/** The exclusions that depend on what others know of an address: its country, network and names. What cannot be found out excludes nobody. */
export class LookupExclusions {
  private readonly steps: readonly Step[];
  private readonly names: ConfirmedNames;
  private readonly bots: VerifiedBots;
  private readonly country: GeoAnswers<string> | undefined;
  private readonly asn: GeoAnswers<number> | undefined;
  private readonly nameLimits = new LookupLimits();

  constructor(
    private readonly context: Context,
    private readonly options: LookupResolved,
  ) {
    this.names = new ConfirmedNames(dnsClientOf(context.options), context.now);
    this.bots = new VerifiedBots(options.verifiedBots);
    this.country = this.answers(options.geo.country, readCountry);
    this.asn = this.answers(options.geo.asn, readAsn);
    for (const text of unverifiableBots(options.verifiedBots))
      context.events.warn("WRN_BUNKER_VERIFIED_BOT", text, text);
    const { ignoreCountry, onlyCountry, ignoreAsn, ignoreRdns } = options;
    const steps: Step[] = [];
    if (ignoreCountry.size > 0 || onlyCountry.size > 0) steps.push(this.byCountry.bind(this));
    if (ignoreAsn.size > 0) steps.push(this.byNetwork.bind(this));
    if (ignoreRdns.length > 0 || this.bots.size > 0) steps.push(this.byName.bind(this));
    this.steps = steps;
  }

  /** Whether any rule is in force. */
  get active(): boolean {
    return this.steps.length > 0;
  }

  /** The rule that excludes this request, if one does. Answers at once when everything is known. */
  of(client: Client, request: RequestView): Awaitable<LookupReason | undefined> {
    // Whose address could be anybody's word is judged by the address at the socket (R2).
    const { address } = client.vouched;
    if (address === undefined || this.steps.length === 0) return undefined;
    const found = this.from(0, client, address, request);
    return isThenable(found) ? withTimeout(found, DEADLINE, () => undefined) : found;
  }

  private from(
    index: number,
    client: Client,
    address: Address,
    request: RequestView,
  ): Awaitable<LookupReason | undefined> {
    for (let step = index; step < this.steps.length; step++) {
      const found = (this.steps[step] as Step)(client, address, request);
      if (isThenable(found))
        return found.then((late) => late ?? this.from(step + 1, client, address, request));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private byCountry(client: Client, address: Address): Awaitable<LookupReason | undefined> {
    const { ignoreCountry, onlyCountry } = this.options;
    if (!client.vouched.isGlobal) {
      // A private address has no country, so it is in none of those that are gated; but not when it is only claimed.
      const own = client.ip === client.vouched.ip;
      return own && onlyCountry.size > 0 ? "onlyCountry" : undefined;
    }
    const rule = (country: string | undefined): LookupReason | undefined => {
      if (country === undefined) return undefined;
      if (ignoreCountry.has(country)) return "ignoreCountry";
      return onlyCountry.size > 0 && !onlyCountry.has(country) ? "onlyCountry" : undefined;
    };
    const country = this.country?.of(client.key, address);
    return isThenable(country) ? country.then(rule) : rule(country);
  }

  private byNetwork(client: Client, address: Address): Awaitable<LookupReason | undefined> {
    if (!client.vouched.isGlobal) return undefined;
    const rule = (asn: number | undefined): LookupReason | undefined =>
      asn !== undefined && this.options.ignoreAsn.has(asn) ? "ignoreAsn" : undefined;
    const asn = this.asn?.of(client.key, address);
    return isThenable(asn) ? asn.then(rule) : rule(asn);
  }

  private byName(
    client: Client,
    address: Address,
    request: RequestView,
  ): Awaitable<LookupReason | undefined> {
    if (!client.vouched.isGlobal && (this.options.rdnsGlobal || this.options.ignoreRdns.length === 0))
      return undefined;
    const known = this.names.cached(address);
    if (known !== undefined) return this.nameRule(known);
    // Only who might be let in waits; the names of others are known when they come again.
    const waits = this.options.ignoreRdns.length > 0 || this.bots.claimedBy(request.header("user-agent"));
    const found = this.nameLimits.run(client.key, address.text, () => this.names.of(address));
    if (!waits || found === undefined) return undefined;
    return isThenable(found)
      ? found.then((late) => (late === undefined ? undefined : this.nameRule(late)))
      : this.nameRule(found);
  }

  private nameRule(answer: NamesAnswer): LookupReason | undefined {
    if (answer.kind === "failed") return undefined;
    const { ignoreRdns } = this.options;
    if (answer.names.some((name) => ignoreRdns.some((suffix) => liesBelow(name, suffix))))
      return "ignoreRdns";
    return answer.names.some((name) => this.bots.own(name)) ? "verifiedBots" : undefined;
  }

  private answers<T>(
    lookup: GeoLookup<unknown> | undefined,
    read: (raw: unknown) => T | undefined,
  ): GeoAnswers<T> | undefined {
    if (lookup === undefined) return undefined;
    return new GeoAnswers(lookup, read, this.context.now, (error) =>
      this.context.emit(
        "fault",
        { protection: "antibot", reason: "geo", data: messageOf(error) },
        undefined,
        undefined,
      ),
    );
  }
}
