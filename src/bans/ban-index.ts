import type { Store, StoreChange } from "../store/store.js";
import { StoreReplica } from "../store/store-replica.js";
import type { StoreScope } from "../store/store-scope.js";
import type { Address, AddressRange } from "../address/address.js";
import { parseRange, prefixOf, rangeContains } from "../address/address.js";
import { AddressSet } from "../address/address-set.js";
import { banKey, decodeBan, parseBanKey, type Ban } from "./ban.js";

/** The ban of one subject at one service (or everywhere). The entry outlives the ban, so that older passes stay void (R16). */
interface Entry {
  ban: Ban | undefined;
  /** ms; Infinity = never. */
  ends: number;
  /** When the newest ban began, in ms: passes issued before are void. */
  began: number;
  /** Until when they are void, in ms. */
  voidUntil: number;
}

/** The entries of one subject by service; the key "" is the global scope. */
type Subject = Map<string, Entry>;

const GLOBAL = "";

/** Stands for every service in {@link BanIndex.findAddress}. */
export const ANY_SERVICE = "*";

/** The subject of a search for bans: a client, or a plain address. */
export interface BanSubject {
  /** The IPv4 address or the IPv6 prefix that bans are kept under. */
  readonly key: string;
  readonly address: Address | undefined;
}

const inForce = (entry: Entry, now: number): boolean => now < entry.ends && entry.ban !== undefined;

/**
 * The bans of one store, in memory, so that requests find them without a promise: loaded from the store and kept up to date
 * by `store.watch`.
 */
export class BanIndex {
  /** The clock, in ms. */
  now: () => number;
  /** How long a ban that has ended still voids the passes issued before it, in seconds: as long as the longest pass. */
  retention = 86_400;

  private readonly subjects = new Map<string, Subject>();
  /** Subjects that are not a single IPv4 address. */
  private readonly ranges = new AddressSet();
  /** The number of them with each prefix length: [family 4, family 6]. */
  private readonly lengths: readonly [Map<number, number>, Map<number, number>] = [new Map(), new Map()];
  private sweeper: Iterator<[string, Subject]> | undefined;
  private stamped = 0;
  private readonly listeners = new Set<() => void>();
  private readonly replica: StoreReplica;

  constructor({ store }: StoreScope) {
    this.now = clockOf(store);
    const bans = ["ban", ""] as const;
    const voids = ["state", VOID_PREFIX.slice("state:".length)] as const;
    this.replica = new StoreReplica(store, [bans, voids], {
      apply: (change) => this.apply(change),
      beginRead: () => {
        const found = new Set<string>();
        return {
          entry: (entry) => {
            found.add(entry.key);
            if (entry.value !== undefined) this.apply(entry);
          },
          // Bans that were lifted while no change was reported.
          end: (changes, first) => {
            if (!first) this.endAbsent(found, changes);
          },
        };
      },
    });
  }

  /** Resolves when the bans in the store are loaded; rejects on failure, and can then be called again. */
  ready(): Promise<void> | undefined {
    return this.replica.ready();
  }

  /** The number of subjects. */
  get size(): number {
    return this.subjects.size;
  }

  /** Returns the ban in force for a client at a service: the service's own first, then the global one. */
  find(client: BanSubject, service: string | undefined): Ban | undefined {
    if (this.subjects.size === 0) return undefined;
    return this.search(client, service, inForce)?.ban;
  }

  /** Returns the ban in force for an address with the given `key` at a service; `ANY_SERVICE` = at any service. */
  findAddress(key: string, address: Address, service: string): Ban | undefined {
    return this.search({ key, address }, service, inForce)?.ban;
  }

  /** Whether a ban of this client began after `issued` (ms): a pass issued then is void, even when the ban is over. */
  voids(client: BanSubject, service: string | undefined, issued: number): boolean {
    if (this.subjects.size === 0) return false;
    const voids = (entry: Entry, now: number): boolean => issued < entry.began && now < entry.voidUntil;
    return this.search(client, service, voids) !== undefined;
  }

  /** Returns the ban on exactly this subject and scope, if it is in force. */
  get(subject: string, service: string | undefined): Ban | undefined {
    const entry = this.subjects.get(subject)?.get(service ?? GLOBAL);
    return entry !== undefined && this.now() < entry.ends ? entry.ban : undefined;
  }

  /**
   * Returns the time in ms, a little later at each call even if the clock stands still, so that the order of a pass and a ban
   * is always clear.
   */
  stamp(): number {
    const now = this.now();
    const ahead = this.stamped - now;
    return (this.stamped = ahead >= 0 && ahead < 1000 ? this.stamped + 0.001 : now);
  }

  /** Puts a ban in force here, at once. */
  put(ban: Ban): void {
    const service = ban.scope === "service" ? ban.service : GLOBAL;
    this.replica.record(banKey(ban.ip, service === GLOBAL ? undefined : service), "");
    const ends = ban.expires === null ? Infinity : ban.expires.getTime();
    const date = ban.date.getTime();
    const known = this.subjects.get(ban.ip)?.get(service);
    // The store's watch returns this instance's own bans, too, with dates in whole milliseconds.
    const began =
      known !== undefined && Math.floor(known.began) === date
        ? known.began
        : date === this.now()
          ? this.stamp()
          : date;
    this.write(ban.ip, service, { ban, ends, began, voidUntil: ends + this.retention * 1000 });
    for (const listener of this.listeners) listener();
  }

  /** Calls `listener` whenever a ban comes into force, of this instance or another. Returns a function that removes it. */
  onBan(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Removes a ban that could not be stored. */
  drop(ban: Ban): void {
    this.subjects.get(ban.ip)?.delete(ban.scope === "service" ? ban.service : GLOBAL);
  }

  /** Ends a ban here, at once; passes issued before it stay void. */
  end(subject: string, service: string | undefined): void {
    const entry = this.subjects.get(subject)?.get(service ?? GLOBAL);
    if (entry === undefined) return;
    const now = this.now();
    if (entry.ends > now) entry.voidUntil = now + this.retention * 1000;
    entry.ends = Math.min(entry.ends, now);
    entry.ban = undefined;
  }

  /** Returns the services at which exactly this subject is banned; `undefined` = everywhere. */
  scopesOf(subject: string): (string | undefined)[] {
    const scopes = [...(this.subjects.get(subject) ?? [])].filter(([, entry]) => this.now() < entry.ends);
    return scopes.map(([service]) => (service === GLOBAL ? undefined : service));
  }

  /** Returns the single IPv6 addresses inside some prefixes that have bans of their own, except those in `ranges`. */
  addressesIn(ranges: readonly AddressRange[]): AddressRange[] {
    const wide = ranges.filter(({ address, bits }) => address.family === 6 && bits < 128);
    if (wide.length === 0) return [];
    const named = new Set(ranges.map(({ text }) => text));
    return [...this.subjects.keys()]
      .filter((subject) => subject.includes(":") && !subject.includes("/") && !named.has(subject))
      .map((subject) => parseRange(subject))
      .filter((one) => one !== undefined)
      .filter((one) => wide.some((range) => rangeContains(range, one.address)));
  }

  private search(
    client: BanSubject,
    service: string | undefined,
    wanted: (entry: Entry, now: number) => boolean,
  ): Entry | undefined {
    const now = this.now();
    const address = client.address;
    const found = this.look(client.key, service, now, wanted);
    if (found !== undefined || address === undefined || this.ranges.size === 0 || !this.ranges.has(address))
      return found;
    // Rare: a range covers the address. Each prefix length in use is tried, the longest first.
    const lengths = [...(address.family === 4 ? this.lengths[0] : this.lengths[1]).keys()].sort(
      (a, b) => b - a,
    );
    for (const bits of lengths) {
      const entry = this.look(coveringText(address, bits), service, now, wanted);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  private look(
    subject: string,
    service: string | undefined,
    now: number,
    wanted: (entry: Entry, now: number) => boolean,
  ): Entry | undefined {
    const entries = this.subjects.get(subject);
    if (entries === undefined) return undefined;
    const own = service === undefined ? undefined : entries.get(service);
    if (own !== undefined && wanted(own, now)) return own;
    const everywhere = entries.get(GLOBAL);
    if (everywhere !== undefined && wanted(everywhere, now)) return everywhere;
    if (service !== ANY_SERVICE) return undefined;
    for (const entry of entries.values()) if (wanted(entry, now)) return entry;
    return undefined;
  }

  private write(subject: string, service: string, entry: Entry): void {
    let entries = this.subjects.get(subject);
    if (entries === undefined) {
      this.subjects.set(subject, (entries = new Map<string, Entry>()));
      this.countRange(subject, 1);
    }
    entries.set(service, entry);
    this.sweep(4);
  }

  // Each write checks a few old entries, so that ended ones are removed.
  private sweep(steps: number): void {
    const now = this.now();
    for (let step = 0; step < steps; step++) {
      this.sweeper ??= this.subjects.entries();
      const next = this.sweeper.next();
      if (next.done === true) {
        this.sweeper = undefined;
        return;
      }
      const [subject, entries] = next.value;
      for (const [service, entry] of entries) if (now >= entry.voidUntil) entries.delete(service);
      if (entries.size > 0) continue;
      this.subjects.delete(subject);
      this.countRange(subject, -1);
    }
  }

  private countRange(subject: string, by: 1 | -1): void {
    const range = parseRange(subject);
    if (range === undefined || (range.address.family === 4 && range.bits === 32)) return;
    if (by === 1) this.ranges.add(range);
    else this.ranges.delete(range);
    const counts = range.address.family === 4 ? this.lengths[0] : this.lengths[1];
    const count = (counts.get(range.bits) ?? 0) + by;
    if (count === 0) counts.delete(range.bits);
    else counts.set(range.bits, count);
  }

  private apply(change: StoreChange): void {
    if (change.key.startsWith(VOID_PREFIX)) {
      if (change.value !== undefined) this.putVoid(change.key, change.value, change.ttl);
      return;
    }
    if (!change.key.startsWith("ban:")) return;
    const { subject, service } = parseBanKey(change.key);
    if (change.value === undefined) this.end(subject, service);
    else this.put(decodeBan(change.key, change.value, change.ttl === 0 ? 0 : this.now() + change.ttl * 1000));
  }

  private putVoid(key: string, value: string, ttl: number): void {
    const began = Number(value);
    if (!Number.isFinite(began)) return;
    const { subject, service } = parseBanKey(`ban:${key.slice(VOID_PREFIX.length)}`);
    const voidUntil = ttl === 0 ? Infinity : this.now() + ttl * 1000;
    const known = this.subjects.get(subject)?.get(service ?? GLOBAL);
    if (known === undefined)
      this.write(subject, service ?? GLOBAL, { ban: undefined, ends: 0, began, voidUntil });
    else known.began = Math.max(known.began, began);
  }

  private endAbsent(found: ReadonlySet<string>, changed: ReadonlyMap<string, unknown>): void {
    for (const subject of this.subjects.keys()) {
      for (const service of this.scopesOf(subject)) {
        const key = banKey(subject, service);
        if (!found.has(key) && !changed.has(key)) this.end(subject, service);
      }
    }
  }
}

// Bans must end when their keys do, so a store's own clock is used if it has one.
function clockOf(store: Store & { now?: unknown }): () => number {
  return typeof store.now === "function" ? () => (store as { now: () => number }).now() : Date.now;
}

const VOID_PREFIX = "state:void|";

/** Returns the store's key that keeps passes void after a ban. Its value is the time when the ban began, in ms. */
export function voidKey(subject: string, service: string | undefined): string {
  return VOID_PREFIX + banKey(subject, service).slice("ban:".length);
}

// The text of the range of `bits` that covers an address, which is the key of its bans.
function coveringText(address: Address, bits: number): string {
  if (address.family === 6) return prefixOf(address, bits).text;
  return parseRange(`${address.text}/${bits}`)?.text ?? address.text;
}
