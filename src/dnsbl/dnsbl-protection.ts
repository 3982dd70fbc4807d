import { parseAddress, parseRange, prefixOf, type Address } from "../address/address.js";
import type { Client } from "../request/client.js";
import { DnsClient } from "../dns/dns-client.js";
import { HOUR_MS } from "../events/active-warnings.js";
import { BunkerBanError } from "../errors.js";
import { AddressList } from "../lists/address-list.js";
import { ListFolder } from "../lists/list-folder.js";
import type { Figure } from "../engine/figure.js";
import type {
  Gate,
  Grounds,
  Protection,
  ProtectionExplanation,
  ProtectionHealth,
} from "../engine/protection.js";
import type { RequestView } from "../request/request-view.js";
import type { Context } from "../engine/context.js";
import { PASS, type Deny, type Verdict } from "../request/verdict.js";
import { isThenable, type Awaitable } from "../awaitable.js";
import { dnsblFigures } from "./dnsbl-figures.js";
import type { DnsblCheck, DnsblParts, DnsblStatus } from "./dnsbl-parts.js";
import { RecentUnbans } from "./recent-unbans.js";
import { DnsblBans, REASON, dataOf } from "./dnsbl-bans.js";
import { Lookups } from "./lookups.js";
import type { MassCount } from "../engine/mass-count.js";
import { MassListingWatch } from "./mass-listing-watch.js";
import type { DnsblResolved } from "./options.js";
import { lookupTargetOf, lookupTargetOfAddress, type LookupTarget } from "./lookup-target.js";
import { VerdictResolver } from "./verdict-resolver.js";
import type { CachedVerdict } from "./verdict-cache.js";
import type { Zone } from "./zone.js";
import { zonesOf } from "./zones.js";
import { withTimeout } from "../with-timeout.js";

/** How often to check whether a test or download is due, in ms. */
const TICK_MS = 5000;

/** A zone's self-test queries two addresses of each family. */
const QUESTIONS_PER_TEST = 4;

/** Addresses that are never looked up. */
const NO_TARGET: Grounds = { until: Infinity };

/** Refuses and bans clients whose address a DNS blocklist lists. */
export class DnsblProtection implements Protection {
  readonly name = "dnsbl";
  /** The part of the middleware's result that its engine does not have. */
  readonly parts: DnsblParts = {
    check: (ip) => this.check(ip),
    status: () => this.status,
    sync: () => this.sync(),
  };
  private readonly dns: DnsClient;
  private readonly zones: readonly Zone[];
  private readonly lookups: Lookups;
  private readonly resolver: VerdictResolver;
  private readonly lists: AddressList;
  private readonly unbans = new RecentUnbans();
  private readonly bans: DnsblBans;
  private readonly stops: (() => void)[] = [];
  private awake = false;
  private loaded: boolean;
  private lateCount = 0;

  constructor(
    private readonly context: Context,
    private readonly options: DnsblResolved,
    private readonly gate: () => Gate | undefined,
  ) {
    const { service, cacheDir, logger, store } = context.options;
    // A separate client: a flood of look-ups must not displace other queries, and close() must not cancel them.
    this.dns = new DnsClient({
      resolver: context.options.resolver,
      maxInFlight: 2 * (options.maxLookups + QUESTIONS_PER_TEST) * options.list.length,
    });
    this.zones = zonesOf(options, this.dns, context);
    const watch = new MassListingWatch(context.now, (zone, count) => this.onMass(zone, count));
    this.lookups = new Lookups(this.zones, options.quorum, options.maxLookups, watch);
    this.resolver = new VerdictResolver(context, options, this.lookups);
    this.bans = new DnsblBans(context, options, gate);
    this.loaded = options.ignoreIpUrls.length === 0;
    this.lists = new AddressList(
      options.ignoreIpUrls,
      context.now,
      {
        folder: cacheDir === undefined ? undefined : new ListFolder(`${cacheDir}/dnsbl`),
        mergedName: `${typeof service === "string" ? service : "default"}/IGNORE_IP.list`,
      },
      {
        failed: (url, problem) => this.fault("ignore list", `${url}: ${problem}`),
        invalid: (url, lines) =>
          this.fault("ignore list", `${url}: ${lines} lines are not an address or range`),
      },
    );
    this.stops.push(context.events.on("unbanned", (event) => this.onUnban(event.ip)));
    const unwatch = store.watch?.("ban", ({ key, value }) => {
      if (value === undefined) this.onUnban(key.slice("ban:".length).split("|", 1)[0] as string);
    });
    if (unwatch !== undefined) this.stops.push(unwatch);
    if (logger !== false)
      logger.info(
        "dnsbl_recipients",
        `DNSBL sends visitors' addresses to ${this.zones.map(({ label: shown }) => shown).join(", ")}`,
      );
  }

  judge(client: Client, request: RequestView): Awaitable<Verdict> {
    if (!this.awake) this.wake();
    const target = lookupTargetOf(client);
    if (target === undefined || this.ignores(client, target)) return PASS;
    const known = this.resolver.recall(target, this.context.now());
    if (known !== undefined)
      return known.verdict === "listed" ? this.refuse(known, target, client, request) : PASS;
    return this.look(target, client, request);
  }

  grounds(client: Client): Grounds | undefined {
    const target = lookupTargetOf(client);
    if (target === undefined) return NO_TARGET;
    const known = this.resolver.cached(target, this.context.now());
    return known?.verdict === "listed" ? undefined : known;
  }

  stands(): boolean {
    // Ignore lists change, and what they decide is cached at each request.
    return this.options.ignoreIp.size === 0 && this.lists.size === 0;
  }

  /** Starts tests and downloads, and reads the cached ignore lists. Does not wait for the network. */
  async start(): Promise<void> {
    if (!this.awake) this.wake();
    await this.lists.load();
  }

  private async sync(): Promise<void> {
    if (!this.awake) this.wake();
    await Promise.all([this.lists.update(true), ...this.zones.map((zone) => zone.test())]);
  }

  private async check(ip: string): Promise<DnsblCheck> {
    const address = parseAddress(ip);
    if (address === undefined)
      throw new BunkerBanError("ERR_BUNKER_BAN_ADDRESS", `"${ip.slice(0, 64)}" is not an IP address`);
    return this.find(lookupTargetOfAddress(address, this.context.options.ipv6Subnet), address);
  }

  async explain(client: Client, request: RequestView): Promise<ProtectionExplanation> {
    if (client.identity.isProxy) return { verdict: "pass", reason: "a trusted proxy" };
    const target = lookupTargetOf(client);
    const { verdict, ...data } = await this.find(target, client.trustedIdentity.address);
    if (verdict === "error") return { verdict, reason: "look-up failed", data };
    if (verdict !== "listed" || target === undefined)
      return { verdict: "pass", reason: verdict === "skipped" ? "never looked up" : "not listed", data };
    if (this.unbans.has(target, this.context.now())) return { verdict: "pass", reason: "unbanned", data };
    const gate = this.challenger();
    const action = gate === undefined ? "deny" : (await gate.challenge(client, request)).action;
    return { verdict: action, reason: REASON, data };
  }

  // `trustedAddress` is the address that the ignore lists are asked about.
  private async find(
    target: LookupTarget | undefined,
    trustedAddress: Address | undefined,
  ): Promise<DnsblCheck> {
    if (!this.awake) this.wake();
    await this.lists.load();
    const ignored =
      trustedAddress !== undefined &&
      (this.options.ignoreIp.has(trustedAddress) || this.lists.has(trustedAddress));
    if (target === undefined || ignored) return { verdict: "skipped" };
    const finding = this.resolver.cached(target, this.context.now()) ?? (await this.resolver.resolve(target));
    if (finding === undefined) return { verdict: "error", code: "shed" };
    const { verdict, zone, code } = finding;
    if (verdict === "ignored") return { verdict: "skipped" };
    return { verdict, ...(zone === undefined ? {} : { zone }), ...(code === undefined ? {} : { code }) };
  }

  private get status(): DnsblStatus {
    return {
      zones: this.zones.map(({ status }) => status),
      inFlight: this.lookups.inFlight,
      shed: this.lookups.shed,
      late: this.lateCount,
      remembered: this.resolver.size,
      ignoreLists: this.lists.status,
    };
  }

  health(): ProtectionHealth {
    const { zones, ignoreLists } = this.status;
    const problems = [
      ...zones.flatMap(({ zone, problem }) =>
        problem === undefined ? [] : `${zone} is suspended: ${problem}`,
      ),
      ...ignoreLists.flatMap(({ url, problem }) => (problem === undefined ? [] : `${url}: ${problem}`)),
    ];
    return { ok: problems.length === 0, problems };
  }

  figures(): readonly Figure[] {
    return dnsblFigures(this.status, this.resolver, this.context.now());
  }

  close(): void {
    for (const stop of this.stops.splice(0)) stop();
    this.lists.close();
    this.dns.cancel();
    this.awake = true;
  }

  // No network traffic before the first request or `ready()`.
  private wake(): void {
    this.awake = true;
    const tick = (): void => {
      for (const zone of this.zones) zone.tick();
      this.lists.tick();
    };
    const timer = setInterval(tick, TICK_MS);
    timer.unref();
    this.stops.push(() => clearInterval(timer));
    void this.lists.load().then(() => {
      this.loaded = true;
      tick();
    });
    for (const zone of this.zones) zone.tick();
  }

  private ignores(client: Client, target: LookupTarget): boolean {
    const { ignoreIp } = this.options;
    const { address } = client.trustedIdentity;
    if (address === undefined || (ignoreIp.size === 0 && this.lists.size === 0)) return false;
    if (!ignoreIp.has(address) && !this.lists.has(address)) return false;
    this.resolver.ignore(target);
    return true;
  }

  private look(target: LookupTarget, client: Client, request: RequestView): Awaitable<Verdict> {
    const finding = this.loaded
      ? this.resolver.resolve(target)
      : this.lists
          .load()
          .then(() => (this.ignores(client, target) ? undefined : this.resolver.resolve(target)));
    const act = (found: CachedVerdict | undefined): Awaitable<Verdict> =>
      found?.verdict === "listed" ? this.refuse(found, target, client, request) : PASS;
    if (!isThenable(finding)) return act(finding);
    const inBackground = (found: CachedVerdict | undefined): void => {
      if (found?.verdict === "listed") this.ban(found, target, client, request);
    };
    if (!this.options.wait) {
      void finding.then(inBackground);
      return PASS;
    }
    return withTimeout(finding, this.options.timeout, () => "late" as const).then((found) => {
      if (found !== "late") return act(found);
      this.lateCount++;
      void finding.then(inBackground);
      return PASS;
    });
  }

  private refuse(
    finding: CachedVerdict,
    target: LookupTarget,
    client: Client,
    request: RequestView,
  ): Awaitable<Verdict> {
    if (this.unbans.has(target, this.context.now())) return PASS;
    this.ban(finding, target, client, request);
    const gate = this.challenger();
    if (gate !== undefined) return gate.challenge(client, request);
    const deny: Deny = { action: "deny", protection: this.name, reason: REASON, data: dataOf(finding) };
    return deny;
  }

  private challenger(): Gate | undefined {
    return this.options.action === "challenge" ? this.gate() : undefined;
  }

  // No bans before all ignore lists were loaded: they may contain the client.
  private ban(finding: CachedVerdict, target: LookupTarget, client: Client, request: RequestView): void {
    if (!this.lists.complete || this.unbans.has(target, this.context.now())) return;
    this.bans.add(finding, target, client, request);
  }

  private onUnban(text: string): void {
    const { banTime } = this.options;
    this.unbans.add(text, banTime === 0 ? Infinity : this.context.now() + banTime * 1000);
    const range = parseRange(text);
    if (range === undefined) return;
    const { ipv6Subnet } = this.context.options;
    const single = range.address.family === 4 ? range.bits === 32 : range.bits >= ipv6Subnet;
    this.resolver.forget(range.text, single ? prefixOf(range.address, ipv6Subnet).text : undefined);
  }

  private onMass(zone: Zone, { affected: listed, active: asked }: MassCount): void {
    const suspend = this.options.massBan === "suspend";
    this.context.events.warn(
      "WRN_BUNKER_MASS_BAN",
      `${zone.label} lists ${listed} of ${asked} new clients; ${
        suspend ? "it is suspended for now" : 'bans go on (massBan: "suspend" would stop them)'
      }`,
      zone.label,
      { level: "alarm", lasts: HOUR_MS, again: HOUR_MS },
    );
    if (suspend) zone.suspend(`lists ${listed} of ${asked} new clients`);
  }

  private fault(reason: string, data: string): void {
    this.context.emit("fault", { protection: this.name, reason, data }, undefined, undefined);
  }
}
