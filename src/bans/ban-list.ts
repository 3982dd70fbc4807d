import { networkInterfaces } from "node:os";
import { StoreScope } from "../store/store-scope.js";
import { entriesOf } from "../store/entries.js";
import { StoreFullError, type Namespace, type Store } from "../store/store.js";
import {
  parseAddress,
  parseRange,
  prefixOf,
  rangeContains,
  type Address,
  type AddressRange,
} from "../address/address.js";
import { BunkerBanError, StoreFailure } from "../errors.js";
import { EventBus, setOrigin, type BunkerEvent } from "../events/event-bus.js";
import { DEFAULT_SERVICE, UNKNOWN_SERVICE } from "../service-name.js";
import { banKey, decodeBan, encodeBan, parseBanKey, type Ban } from "./ban.js";
import { claimBan } from "./ban-claim.js";
import { ANY_SERVICE, BanIndex, voidKey } from "./ban-index.js";

/** Options of {@link BanList.add}. */
export interface BanOptions {
  /** Why. Default `"manual"`. */
  reason?: string;
  /** How long, in seconds; 0 = permanently. Default 86400 (one day). */
  ttl?: number;
  /** Whether it applies at one service or everywhere. Default: `"service"` if `service` is set, otherwise `"global"`. */
  scope?: "service" | "global";
  /** The service of the ban, or of the requests that led to a global one. Default `"default"` for the service scope. */
  service?: string;
  /** Further data to store: any JSON value. */
  data?: unknown;
  /** Allows bans of very wide ranges, of this machine's own addresses and of trusted proxies. Default `false`. */
  force?: boolean;
  /** The client's single address if a prefix is banned, for stores shared with software that bans single addresses only. */
  address?: string;
  /** Whether the client is refused, or challenged by the gate. Default `"deny"`. */
  action?: "deny" | "challenge";
  /** Further fields of the `banned` event: the protection, and the request that led to the ban. */
  source?: Partial<Pick<BunkerEvent, "protection" | "id" | "method" | "path">> & {
    passHolder?: boolean;
    origin?: object;
  };
}

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

  constructor(
    private readonly store: Store,
    options: BanListOptions = {},
  ) {
    const scope = StoreScope.of(store);
    this.index = scope.get(BanIndex);
    this.events = scope.get(EventBus);
    this.ipv6Subnet = options.ipv6Subnet ?? 64;
  }

  /**
   * Bans an address or CIDR range, at once on this instance. An IPv6 address bans its prefix of `ipv6Subnet` bits; with
   * `/128` it bans just that address.
   *
   * @throws {BunkerBanError} `ERR_BUNKER_BAN_ADDRESS` if `ip` is not a valid address or range, `ERR_BUNKER_BAN_WIDE` if
   *   the ban needs `force`
   * @throws {StoreFailure} when the store cannot be written; the ban is in force on this instance nevertheless
   */
  async add(ip: string, options: BanOptions = {}): Promise<Ban> {
    const { ban, ttl, exact } = this.prepare(ip, options);
    this.index.put(ban);
    this.emit("banned", ban, options.source);
    await this.write(ban, ttl);
    if (exact !== undefined) await this.write({ ...ban, ip: exact }, ttl);
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
    const { ban, ttl, exact } = this.prepare(ip, options);
    this.index.put(ban);
    const claim = await claimBan(this.store, ban, ttl, () => this.index.now());
    if (claim === "lifted") this.index.end(ban.ip, scopeOf(ban));
    else if (typeof claim !== "string") this.index.put(claim);
    if (claim !== "written" && claim !== "unwritten")
      return { ban: claim === "lifted" ? ban : claim, isNew: false };
    this.emit("banned", ban, options.source);
    await this.write(ban, ttl, claim === "written");
    if (exact !== undefined) await this.write({ ...ban, ip: exact }, ttl);
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
    const subjects = this.subjectsOf(ip);
    if (this.store.exactBans === true) subjects.push(...this.index.addressesIn(subjects));
    let removed = false;
    try {
      // The ban comes last: if the store fails before, it is still in force, and nothing is half done.
      const bans: [string, string | undefined][] = [];
      for (const { text } of subjects)
        for (const scope of await this.scopesToLift(text, options.service)) bans.push([text, scope]);
      for (const range of subjects) await this.forget(range);
      for (const [subject, scope] of bans) removed = (await this.lift(subject, scope)) || removed;
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
    await this.ready();
    const address = parseAddress(ip);
    if (address === undefined) return this.index.get(this.subjectOf(ip).text, service);
    const key = prefixOf(address, this.ipv6Subnet).text;
    return this.index.findAddress(key, address, service ?? ANY_SERVICE);
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
        if (value !== undefined)
          bans.push(decodeBan(key, value, ttl === 0 ? 0 : this.index.now() + ttl * 1000));
      }
    } catch (error) {
      throw new StoreFailure(error);
    }
    return bans.sort((a, b) => b.date.getTime() - a.date.getTime());
  }

  private prepare(ip: string, options: BanOptions): { ban: Ban; ttl: number; exact: string | undefined } {
    const range = this.subjectOf(ip);
    if (options.force !== true) this.checkReach(range);
    const ttl = options.ttl ?? 86_400;
    if (!Number.isFinite(ttl) || ttl < 0)
      throw new BunkerBanError(
        "ERR_BUNKER_BAN_ADDRESS",
        `ttl must be a number of seconds from 0, not ${ttl}`,
      );
    const scope = options.scope ?? (options.service === undefined ? "global" : "service");
    const now = this.index.now();
    const ban: Ban = {
      ip: range.text,
      reason: options.reason ?? "manual",
      scope,
      service: options.service ?? (scope === "service" ? DEFAULT_SERVICE : UNKNOWN_SERVICE),
      date: new Date(now),
      expires: ttl === 0 ? null : new Date(now + ttl * 1000),
      data: options.data ?? {},
      action: options.action ?? "deny",
    };
    return { ban, ttl, exact: this.exactOf(options.address ?? ip, range) };
  }

  private async ready(): Promise<void> {
    try {
      await this.index.ready();
    } catch (error) {
      throw new StoreFailure(error);
    }
  }

  private async write(ban: Ban, ttl: number, isWritten = false): Promise<void> {
    const service = scopeOf(ban);
    try {
      // Both writes are sent at once, so that a store on a network needs one round trip.
      await Promise.all([
        isWritten || this.store.set(banKey(ban.ip, service), encodeBan(ban), ttl),
        this.writeVoid(ban.ip, service, ban.date.getTime(), ttl === 0 ? 0 : ttl + this.index.retention),
      ]);
    } catch (error) {
      if (!(error instanceof StoreFullError)) throw new StoreFailure(error);
      // The store is full: bans only in this process, without bounds, would be worse than none.
      this.index.drop(ban);
      throw error;
    }
  }

  // Passes issued before the ban stay void after it, on every instance and over a restart (R16).
  private async writeVoid(
    subject: string,
    service: string | undefined,
    began: number,
    ttl: number,
  ): Promise<void> {
    try {
      await this.store.set(voidKey(subject, service), String(began), ttl);
    } catch (error) {
      // If the store is full, the ban itself still stands; older passes are valid again only after a restart.
      if (!(error instanceof StoreFullError)) throw error;
    }
  }

  // The store is asked first: what it did not delete would be back here, or in force elsewhere.
  private async lift(subject: string, service: string | undefined): Promise<boolean> {
    const known = this.index.get(subject, service);
    const deleted = await this.store.delete(banKey(subject, service));
    this.index.end(subject, service);
    if (!deleted && known === undefined) return false;
    if (known !== undefined) this.emit("unbanned", known);
    const began = known?.date.getTime() ?? this.index.now();
    // The ban is lifted even if this fails; the mark that was written with the ban still stands.
    await this.writeVoid(subject, service, began, this.index.retention).catch(() => undefined);
    return true;
  }

  private async scopesToLift(subject: string, service: string | undefined): Promise<(string | undefined)[]> {
    if (service !== undefined) return [service];
    const scopes = new Set<string | undefined>(this.index.scopesOf(subject));
    if ((await this.store.get(banKey(subject, undefined))) !== undefined) scopes.add(undefined);
    for await (const key of this.store.keys("ban", `${subject}|`)) scopes.add(parseBanKey(key).service);
    return [...scopes];
  }

  // Keys of counters and cached verdicts start with the address or prefix of their client, then "|".
  private async forget(range: AddressRange): Promise<void> {
    const single = range.address.family === 4 && range.bits === 32;
    for (const namespace of ["hit", "cache"] satisfies Namespace[]) {
      for await (const key of this.store.keys(namespace, single ? `${range.text}|` : "")) {
        const about = parseRange(key.slice(namespace.length + 1).split("|", 1)[0] as string);
        if (
          about !== undefined &&
          (rangeContains(range, about.address) || rangeContains(about, range.address))
        )
          await this.store.delete(key);
      }
    }
  }

  private subjectOf(ip: string): AddressRange {
    const address = parseAddress(ip);
    const range = address === undefined ? parseRange(ip) : prefixOf(address, this.ipv6Subnet);
    if (range === undefined)
      throw new BunkerBanError(
        "ERR_BUNKER_BAN_ADDRESS",
        `"${ip.slice(0, 64)}" is not a valid IP address or CIDR range`,
      );
    return range;
  }

  // Removing an IPv6 address lifts the bans of its prefix and of the address alone.
  private subjectsOf(ip: string): AddressRange[] {
    const subject = this.subjectOf(ip);
    const address = parseAddress(ip);
    const exact = address === undefined ? undefined : prefixOf(address, 128);
    return exact === undefined || exact.text === subject.text ? [subject] : [subject, exact];
  }

  // The single address to ban beside an IPv6 prefix.
  private exactOf(ip: string, range: AddressRange): string | undefined {
    if (this.store.exactBans !== true || range.address.family === 4 || range.bits === 128) return undefined;
    const address = parseAddress(ip);
    return address !== undefined && rangeContains(range, address) ? address.text : undefined;
  }

  private checkReach(range: AddressRange): void {
    const widest = range.address.family === 4 ? 8 : 19;
    if (range.bits < widest) {
      throw new BunkerBanError(
        "ERR_BUNKER_BAN_WIDE",
        `${range.text} is wider than /${widest}; pass force: true if you mean it`,
      );
    }
    for (const own of [...ownAddresses(), ...this.events.proxies]) {
      const overlaps = rangeContains(range, own.address) || rangeContains(own, range.address);
      if (!overlaps) continue;
      throw new BunkerBanError(
        "ERR_BUNKER_BAN_WIDE",
        `${range.text} covers ${own.text}, which is this machine or a trusted proxy; pass force: true if you mean it`,
      );
    }
  }

  private emit(type: "banned" | "unbanned", ban: Ban, source: BanOptions["source"] = {}): void {
    if (!this.events.hears(type)) return;
    const event: BunkerEvent = {
      type,
      time: new Date(this.index.now()),
      id: source.id ?? "",
      ip: ban.ip,
      service: ban.service,
      protection: source.protection ?? "bans",
      reason: ban.reason,
      data: {
        scope: ban.scope,
        expires: ban.expires,
        action: ban.action,
        passHolder: source.passHolder ?? false,
        evidence: ban.data,
      },
      mode: "block",
      ...(source.method === undefined ? {} : { method: source.method }),
      ...(source.path === undefined ? {} : { path: source.path }),
    };
    if (source.origin !== undefined) setOrigin(event, source.origin);
    this.events.emit(event);
  }
}

function scopeOf(ban: Ban): string | undefined {
  return ban.scope === "service" ? ban.service : undefined;
}

function ownAddresses(): AddressRange[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map((entry) => parseAddress(entry.address)),
  );
  return addresses
    .filter((address): address is Address => address !== undefined)
    .map((address) => prefixOf(address, 128));
}
