import { StoreScope } from "../store/store-scope.js";
import { entriesOf } from "../store/entries.js";
import { StoreFullError, type BanWrite, type Store } from "../store/store.js";
import { parseAddress, parseRange, prefixOf, rangeContains, type AddressRange } from "../address/address.js";
import { StoreFailure } from "../errors.js";
import { EventBus } from "../events/event-bus.js";
import { DEFAULT_SERVICE, UNKNOWN_SERVICE } from "../service-name.js";
import { banKey, decodeBan, encodeBan, parseBanKey, type Ban, type BanKind } from "./ban.js";
import { claimBan } from "./ban-claim.js";
import { voidKey, writeBan, writeMark } from "./ban-mark.js";
import { boundedData, boundedReason } from "./ban-data.js";
import { banEvent } from "./ban-event.js";
import { ANY_SERVICE, BanIndex } from "./ban-index.js";
import { checkBanOptions, type BanOptions } from "./ban-options.js";
import { checkReach, isWithinReach } from "./ban-reach.js";
import { addressOf, subjectOf, subjectsOf } from "./ban-subject.js";
import { forgetCounters } from "./forget-counters.js";
import { NetworkBans, type MergeLimits } from "./network-bans.js";

export type { BanOptions } from "./ban-options.js";

/** Options of a {@link BanList}. */
export interface BanListOptions {
  /** The length of the IPv6 prefix that counts as one client, in bits: an IPv6 address bans its prefix. 32–128, default 64. */
  ipv6Subnet?: number;
}

/** The bans of a store, which apply to all middleware on that store. Operators add and remove bans here. */
export class BanList {
  private readonly index: BanIndex;
  private readonly events: EventBus;
  private readonly ipv6Subnet: number;
  private readonly networks: NetworkBans;

  constructor(
    private readonly store: Store,
    options: BanListOptions = {},
  ) {
    const scope = StoreScope.of(store);
    this.index = scope.get(BanIndex);
    this.events = scope.get(EventBus);
    this.ipv6Subnet = options.ipv6Subnet ?? 64;
    this.networks = scope.get(NetworkBans);
  }

  /**
   * Bans an address or CIDR range, at once on this instance. An IPv6 address bans its prefix of `ipv6Subnet` bits; with
   * `/128` it bans just that address.
   *
   * @throws {BunkerBanError} `ERR_BUNKER_BAN_ADDRESS` if `ip` is not a valid address or range, `ERR_BUNKER_BAN_WIDE` if
   *   the ban needs `force`
   * @throws {StoreFailure} when the store cannot be written; the ban is in force on this instance nevertheless
   * @throws {StoreFullError} when the store has no room; this process refuses the client for `holdTime`
   */
  async add(ip: string, options: BanOptions = {}): Promise<Ban> {
    const { ban, ttl, exact, holdTime } = this.prepare(ip, options);
    this.index.put(ban);
    await this.writeAndEmit(ban, options.source, () => this.write(ban, this.stored(ban, ttl), holdTime));
    if (exact !== undefined) await this.writeFor(exact, ban, ttl, holdTime);
    return ban;
  }

  /**
   * Like {@link add}, for bans that several instances may add at once: where the same subject is banned already, as severely
   * and about as long, that ban stays, and nothing is written or emitted. Resolves to the ban in force, and whether it is new.
   *
   * @throws {BunkerBanError} as `add`
   * @throws {StoreFailure} when the store cannot be written; the ban is in force on this instance nevertheless
   */
  async addUnlessBanned(ip: string, options: BanOptions = {}): Promise<{ ban: Ban; isNew: boolean }> {
    const { ban, ttl, exact, range, holdTime } = this.prepare(ip, options);
    this.index.put(ban, "automatic");
    const stored = this.stored(ban, ttl, "automatic");
    const minTtl = options.minTtl ?? ttl;
    const claim = await claimBan(this.store, ban, stored, minTtl, () => this.index.now());
    if (claim instanceof StoreFullError) {
      this.index.hold(ban, holdTime);
      throw claim;
    }
    if (claim === "lifted") this.index.end(range, scopeOf(ban));
    else if (typeof claim !== "string") this.index.put(claim.ban, claim.kind);
    if (claim !== "written" && claim !== "unwritten")
      return { ban: claim === "lifted" ? ban : claim.ban, isNew: false };
    await this.writeAndEmit(ban, options.source, async () => {
      if (claim === "unwritten") await this.write(ban, stored, holdTime);
    });
    if (exact !== undefined) await this.writeFor(exact, ban, ttl, holdTime);
    if (options.merge !== undefined && options.merge !== false) await this.merge(range, options.merge, ban);
    return { ban, isNew: true };
  }

  /**
   * Lifts the bans of exactly this address or range: all of them, or just the service's. Clears the counters and cached
   * verdicts of what it covers, so that the next request does not ban again. Resolves to whether there was a ban.
   *
   * @throws {BunkerBanError} `ERR_BUNKER_BAN_ADDRESS` if `ip` is not a valid address or range
   * @throws {StoreFailure} when the store fails; what it did not delete stays banned, here too
   */
  async remove(ip: string, options: { service?: string } = {}): Promise<boolean> {
    const subjects = subjectsOf(ip, this.ipv6Subnet);
    let removed = false;
    try {
      // Bans under another spelling of the address are known once the bans were read.
      await this.index.ready();
      // The bans of single clients that became one of a network are lifted with it.
      for (const range of [...subjects]) {
        const known = new Set(subjects.map(({ text }) => text));
        subjects.push(...this.index.networksOver(range).filter(({ text }) => !known.has(text)));
      }
      if (this.store.exactBans === true) subjects.push(...this.index.addressesIn(subjects));
      // The ban comes last: if the store fails before, it is still in force, and nothing is half done.
      const bans: [AddressRange, string | undefined][] = [];
      for (const range of subjects)
        for (const scope of await this.scopesToLift(range, options.service)) bans.push([range, scope]);
      for (const range of subjects) await forgetCounters(this.store, range);
      for (const [range, scope] of bans) removed = (await this.lift(range, scope)) || removed;
    } catch (error) {
      throw new StoreFailure(error, `what could not be deleted for ${ip} stays banned`);
    }
    return removed;
  }

  /**
   * Returns the ban in force for an address: the service's own first, then the global one; without a service, any. Bans of
   * ranges that contain the address count.
   *
   * @throws {BunkerBanError} `ERR_BUNKER_BAN_ADDRESS` if `ip` is not a valid address or range
   * @throws {StoreFailure} when the store cannot be read
   */
  async get(ip: string, service?: string): Promise<Ban | undefined> {
    const address = addressOf(ip);
    await this.ready();
    const found =
      address === undefined
        ? this.index.get(subjectOf(ip, this.ipv6Subnet), service)
        : this.index.find({ key: prefixOf(address, this.ipv6Subnet).text, address }, service ?? ANY_SERVICE);
    return found && this.index.read(found);
  }

  /**
   * Returns every ban in force, newest first.
   *
   * @throws {StoreFailure} when the store cannot be read
   */
  async list(): Promise<Ban[]> {
    const bans: Ban[] = [];
    try {
      for await (const { key, value, ttl } of entriesOf(this.store, "ban", "")) {
        const { subject, service } = parseBanKey(key);
        const ours = banKey(parseRange(subject)?.text ?? subject, service);
        if (value !== undefined)
          bans.push(decodeBan(ours, value, ttl === 0 ? 0 : this.index.now() + ttl * 1000));
      }
    } catch (error) {
      throw new StoreFailure(error);
    }
    return bans.sort((a, b) => b.date.getTime() - a.date.getTime());
  }

  private async merge(range: AddressRange, limits: MergeLimits, ban: Ban): Promise<void> {
    const { index, store, events } = this;
    const mayBan = (network: AddressRange): boolean => isWithinReach(network, events.proxies);
    const merged = await this.networks.merge(range, limits, { ban, index, store, mayBan });
    if (merged === undefined) return;
    this.emit("banned", merged);
  }

  private prepare(ip: string, options: BanOptions) {
    const range = subjectOf(ip, this.ipv6Subnet);
    if (options.force !== true) checkReach(range, this.events.proxies);
    checkBanOptions(options);
    const ttl = options.ttl ?? 86_400;
    const scope = options.scope ?? (options.service === undefined ? "global" : "service");
    const now = this.index.now();
    const ban: Ban = {
      ip: range.text,
      reason: boundedReason(options.reason ?? "manual"),
      scope,
      service: options.service ?? (scope === "service" ? DEFAULT_SERVICE : UNKNOWN_SERVICE),
      date: new Date(now),
      expires: ttl === 0 ? null : new Date(now + ttl * 1000),
      data: boundedData(options.data),
      action: options.action ?? "deny",
    };
    const exact = this.exactOf(options.address ?? ip, range);
    return { ban, ttl, range, exact, holdTime: options.holdTime ?? 60 };
  }

  private async ready(): Promise<void> {
    try {
      await this.index.ready();
    } catch (error) {
      throw new StoreFailure(error);
    }
  }

  // A ban that the store could not take because it is away is in force here, one without room only holds its client.
  private async writeAndEmit(
    ban: Ban,
    source: BanOptions["source"],
    write: () => Promise<void>,
  ): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof StoreFullError)) this.emit("banned", ban, source);
      throw error;
    }
    this.emit("banned", ban, source);
  }

  private stored(ban: Ban, ttl: number, kind?: BanKind): BanWrite {
    const mark = { began: ban.date.getTime(), retention: this.index.retention };
    return { key: banKey(ban.ip, scopeOf(ban)), value: encodeBan(ban, kind), ttl, mark };
  }

  // A ban of the single address, for software that does not know prefixes.
  private writeFor(exact: string, prefixBan: Ban, ttl: number, holdTime: number): Promise<void> {
    const ban = { ...prefixBan, ip: exact };
    return this.write(ban, this.stored(ban, ttl), holdTime);
  }

  private async write(ban: Ban, stored: BanWrite, holdTime: number): Promise<void> {
    try {
      await writeBan(this.store, stored, "set");
    } catch (error) {
      if (!(error instanceof StoreFullError)) throw new StoreFailure(error);
      // A ban that only this process knew would have no bounds.
      this.index.hold(ban, holdTime);
      throw error;
    }
  }

  // The store is asked first: what it did not delete would be back here, or in force elsewhere.
  private async lift(range: AddressRange, service: string | undefined): Promise<boolean> {
    const known = this.index.get(range, service);
    const ban = known && (await this.index.read(known));
    const deleted = await this.store.delete(this.index.storedKey(banKey(range.text, service)));
    this.index.end(range, service);
    if (!deleted && known === undefined) return false;
    if (ban !== undefined) this.emit("unbanned", ban);
    const began = Math.floor(known?.began ?? this.index.now());
    // The ban is lifted even if this fails; the mark that was written with the ban still stands.
    const key = voidKey(range.text, service);
    await writeMark(this.store, key, began, this.index.retention).catch(() => undefined);
    return true;
  }

  private async scopesToLift(
    range: AddressRange,
    service: string | undefined,
  ): Promise<(string | undefined)[]> {
    if (service !== undefined) return [service];
    const subject = range.text;
    const scopes = new Set<string | undefined>(this.index.scopesOf(range));
    if ((await this.store.get(banKey(subject, undefined))) !== undefined) scopes.add(undefined);
    for await (const key of this.store.keys("ban", `${subject}|`)) scopes.add(parseBanKey(key).service);
    return [...scopes];
  }

  // The single address to ban beside an IPv6 prefix.
  private exactOf(ip: string, range: AddressRange): string | undefined {
    if (this.store.exactBans !== true || range.address.family === 4 || range.bits === 128) return undefined;
    const address = parseAddress(ip);
    return address !== undefined && rangeContains(range, address) ? address.text : undefined;
  }

  private emit(type: "banned" | "unbanned", ban: Ban, source: BanOptions["source"] = {}): void {
    if (!this.events.hears(type)) return;
    this.events.emit(banEvent(type, ban, this.index.now(), source));
  }
}

function scopeOf(ban: Ban): string | undefined {
  return ban.scope === "service" ? ban.service : undefined;
}
