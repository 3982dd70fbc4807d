import type { Store, StoreChange } from "../store/store.js";
import { StoreReplica } from "../store/store-replica.js";
import type { StoreScope } from "../store/store-scope.js";
import type { Address, AddressRange } from "../address/address.js";
import { parseRange, prefixOf, rangeContains } from "../address/address.js";
import { AddressSet } from "../address/address-set.js";
import { banKey, decodeBan, parseBanKey, type Ban } from "./ban.js";

/** What is known of one subject at one service (or everywhere). It outlives the ban, so that older passes stay void (R16). */
interface Entry {
  ban: Ban | undefined;
  /** ms; Infinity = never. */
  ends: number;
  /** When the newest ban began, in ms: passes issued before are void… */
  began: number;
  /** … until then, in ms. */
  voidUntil: number;
}

/** Everything known of one subject: the key "" is the global scope. */
type Subject = Map<string, Entry>;

const GLOBAL = "";

/** Stands for every service in {@link BanIndex.findAddress}. */
export const ANY_SERVICE = "*";

/** Whose ban is looked for: a client, or an address by itself. */
export interface BanSubject {
  /** The IPv4 address or the IPv6 prefix that bans are kept under. */
  readonly key: string;
  readonly address: Address | undefined;
}

const inForce = (entry: Entry, now: number): boolean => now < entry.ends && entry.ban !== undefined;

/**
 * The bans of one store, in memory, in the form that every request asks for them: filled from the store, kept true by
 * `store.watch`, answered without a promise.
 */
export class BanIndex {
  /** The clock, in ms; whoever was given one sets it. */
  now: () => number;
  /** Seconds for which a ban that has ended still voids the passes issued before it: the longest pass any gate issues. */
  retention = 86_400;

  private readonly subjects = new Map<string, Subject>();
  /** Subjects that are not a single IPv4 address. */
  private readonly ranges = new AddressSet();
  /** How many of them have each prefix length: [family 4, family 6]. */
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

  /** Resolves when the bans that were in the store are known here; rejects when they cannot be read, and can be asked again. */
  ready(): Promise<void> | undefined {
    return this.replica.ready();
  }

  /** How many subjects are known. */
  get size(): number {
    return this.subjects.size;
  }

  /** The ban in force for a client at a service: the service's own first, then the global one. */
  find(client: BanSubject, service: string | undefined): Ban | undefined {
    if (this.subjects.size === 0) return undefined;
    return this.search(client, service, inForce)?.ban;
  }

  /** The ban in force for an address (kept under `key`) at a service; `ANY_SERVICE` = at whichever has one. */
  findAddress(key: string, address: Address, service: string): Ban | undefined {
    return this.search({ key, address }, service, inForce)?.ban;
  }

  /** Whether a ban of this client began after `issued` (ms): a pass issued then is void, even when the ban is over. */
  voids(client: BanSubject, service: string | undefined, issued: number): boolean {
    if (this.subjects.size === 0) return false;
    return (
      this.search(
        client,
        service,
        (candidate, now) => issued < candidate.began && now < candidate.voidUntil,
      ) !== undefined
    );
  }

  /** The ban on exactly this subject and scope, if it is in force. */
  get(subject: string, service: string | undefined): Ban | undefined {
    const entry = this.subjects.get(subject)?.get(service ?? GLOBAL);
    return entry !== undefined && this.now() < entry.ends ? entry.ban : undefined;
  }

  /**
   * The time in ms, a little later at each call even when the clock stands still: which of a pass and a ban came first
   * must never be a tie.
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
    // The store tells us of our own ban, too, with its date in whole milliseconds.
    const began =
      known !== undefined && Math.floor(known.began) === date
        ? known.began
        : date === this.now()
          ? this.stamp()
          : date;
    this.write(ban.ip, service, { ban, ends, began, voidUntil: ends + this.retention * 1000 });
    for (const listener of this.listeners) listener();
  }

  /** Calls `listener` whenever a ban comes into force here, this instance's or another's; the answer takes it off. */
  onBan(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Forgets a ban that could not be kept. */
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

  /** The services at which exactly this subject is banned; `undefined` stands for everywhere. */
  scopesOf(subject: string): (string | undefined)[] {
    const scopes = [...(this.subjects.get(subject) ?? [])].filter(([, entry]) => this.now() < entry.ends);
    return scopes.map(([service]) => (service === GLOBAL ? undefined : service));
  }

  /** The single IPv6 addresses with a ban of their own inside some prefixes, those left out that are named themselves. */
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
    // Rare: some range covers the address. Ask for each prefix length in use, the longest first.
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

  // Each write looks at a few old entries, so that what is over does not stay.
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

// A store that expires keys by a clock of its own says so; bans must end when their keys do.
function clockOf(store: Store & { now?: unknown }): () => number {
  return typeof store.now === "function" ? () => (store as { now: () => number }).now() : Date.now;
}

const VOID_PREFIX = "state:void|";

/** The store's key that keeps passes void after a ban: its value is when the ban began, in ms. */
export function voidKey(subject: string, service: string | undefined): string {
  return VOID_PREFIX + banKey(subject, service).slice("ban:".length);
}

// The text of the range of `bits` that covers an address, as bans are kept under it.
function coveringText(address: Address, bits: number): string {
  if (address.family === 6) return prefixOf(address, bits).text;
  const range: AddressRange | undefined = parseRange(`${address.text}/${bits}`);
  return range?.text ?? address.text;
}
