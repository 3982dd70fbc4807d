import { isThenable, type Awaitable } from "../awaitable.js";
import type { Store, StoreChange } from "../store/store.js";
import { VOID_PREFIX } from "../store/mark-key.js";
import { StoreReplica } from "../store/store-replica.js";
import type { StoreScope } from "../store/store-scope.js";
import { parseRange, rangeContains, type Address, type AddressRange } from "../address/address.js";
import { readRange } from "../address/canonical-range.js";
import { UNKNOWN_SERVICE } from "../service-name.js";
import {
  banKey,
  decodeBan,
  parseBanKey,
  parseBanPlace,
  readHead,
  type Ban,
  type BanHead,
  type BanKind,
} from "./ban.js";
import { BanCopies } from "./ban-copies.js";
import type { AutomaticBanListener, FoundBan } from "./found-ban.js";
import { NONE } from "./ban-table.js";
import { REVOKED_PREFIX, RevokedPasses } from "./revoked-passes.js";
import { StoredBans } from "./stored-bans.js";

export { ANY_SERVICE } from "./ban-copies.js";
export type { FoundBan } from "./found-ban.js";

/** The maximum number of bans stored under another spelling of their address than ours. */
const MAX_SPELLINGS = 10_000;
/** Bans that are described at once: about a millisecond. */
const DESCRIBED = 512;

/** The subject of a search for bans: a client, or a plain address. */
export interface BanSubject {
  /** The IPv4 address or the IPv6 prefix that bans are kept under. */
  readonly key: string;
  readonly address: Address | undefined;
}

/** Whom a ban is about, where, and when it ends, in ms. */
interface BanPlace {
  readonly range: AddressRange;
  readonly service: string | undefined;
  readonly ends: number;
}

/**
 * The bans of one store, in memory, so that requests find them without a promise: loaded from the store and kept up to date
 * by `store.watch`. Their evidence stays in the store.
 */
export class BanIndex {
  /** How long a ban that has ended still voids the passes issued before it, in seconds: as long as the longest pass. */
  retention = 86_400;

  /** The passes that bans have voided for everybody. */
  readonly revoked: RevokedPasses;

  /** Called with each client that a protection has banned, here or on another instance. */
  onAutomaticBan: AutomaticBanListener = () => undefined;
  private readonly copies = new BanCopies();
  private readonly stored: StoredBans;
  /** The stored keys that name their address in another spelling, by the key that we would use. */
  private readonly spellings = new Map<string, string>();
  private stamped = 0;
  private readonly listeners = new Set<() => void>();
  private readonly replica: StoreReplica;

  constructor(scope: StoreScope) {
    const { store } = scope;
    this.now = clockOf(store);
    const clock = { now: () => this.now(), retention: () => this.retention };
    this.revoked = new RevokedPasses(scope, clock);
    this.stored = new StoredBans(store);
    const bans = ["ban", ""] as const;
    const voids = ["state", VOID_PREFIX.slice("state:".length)] as const;
    const revoked = ["state", REVOKED_PREFIX.slice("state:".length)] as const;
    this.replica = new StoreReplica(store, [bans, voids, revoked], {
      apply: (change) => this.apply(change),
      beginRead: () => {
        this.copies.beginReading();
        return {
          entry: (entry) => {
            if (entry.value !== undefined) this.apply(entry, true);
          },
          // Bans that were lifted while no change was reported.
          end: (_changes, first) => (first ? undefined : this.endUnseen()),
        };
      },
    });
  }

  /** The clock, in ms. */
  get now(): () => number {
    return this.copies.now;
  }

  set now(now: () => number) {
    this.copies.now = now;
  }

  /** Resolves when the bans in the store are loaded; rejects on failure, and can then be called again. */
  ready(): Promise<void> | undefined {
    return this.replica.ready();
  }

  /** The number of bans, and of marks of bans that are over. */
  get size(): number {
    return this.copies.size;
  }

  /** Returns the ban in force for a client at a service: the service's own first, then the global one. */
  find(client: BanSubject, service: string | undefined): FoundBan | undefined {
    if (this.copies.size === 0 || client.address === undefined) return undefined;
    const row = this.copies.search(client.address, client.key, service, NaN);
    return row === NONE ? undefined : this.copies.describe(row);
  }

  /** Whether a ban of this client began after `issued` (ms): a pass issued then is void, even when the ban is over. */
  voids(client: BanSubject, service: string | undefined, issued: number): boolean {
    if (this.copies.size === 0 || client.address === undefined) return false;
    return this.copies.search(client.address, client.key, service, issued) !== NONE;
  }

  /** Returns the ban on exactly this subject and scope, if it is in force. */
  get(subject: AddressRange, service: string | undefined): FoundBan | undefined {
    const row = this.copies.rowOf(subject, service);
    return row !== NONE && this.copies.inForce(row) ? this.copies.describe(row) : undefined;
  }

  /** Reads the whole ban, with its evidence. Where the store cannot be read, what is known here; never rejects. */
  read(found: FoundBan): Awaitable<Ban> {
    const key = banKey(found.range.text, found.service);
    const text = this.stored.read(this.storedKey(key));
    return isThenable(text) ? text.then((late) => wholeBan(found, late)) : wholeBan(found, text);
  }

  /** The key under which a ban is stored: another spelling of its address than ours is kept. */
  storedKey(key: string): string {
    return this.spellings.get(key) ?? key;
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
  put(ban: Ban, kind: BanKind = "single"): void {
    const range = parseRange(ban.ip);
    if (range === undefined) return;
    const service = ban.scope === "service" ? ban.service : undefined;
    this.replica.record(banKey(range.text, service), "");
    const { reason, action } = ban;
    const ends = ban.expires === null ? Infinity : ban.expires.getTime();
    this.write({ range, service, ends }, { reason, action, kind, date: ban.date.getTime() }, this.now());
  }

  private write({ range, service, ends }: BanPlace, head: BanHead, now: number): void {
    const { date, reason, action, kind } = head;
    const row = this.copies.rowOf(range, service);
    const known = row === NONE ? NaN : this.copies.began(row);
    // The store's watch returns this instance's own bans, too, with dates in whole milliseconds.
    const began = Math.floor(known) === date ? known : date === now ? this.stamp() : date;
    const voidUntil = ends + this.retention * 1000;
    const isNew = row === NONE || !this.copies.inForce(row);
    const copy = { began, ends, voidUntil, kind, action, reason };
    this.copies.write(range, service, copy, row, now);
    // Those of a network were banned one by one before.
    if (kind !== "merged") this.revoked.banned({ range, service, began });
    if (isNew && (kind === "automatic" || kind === "merged")) this.onAutomaticBan(range, service);
    if (this.listeners.size > 0) for (const listener of this.listeners) listener();
  }

  /** Calls `listener` whenever a ban comes into force, of this instance or another. Returns a function that removes it. */
  onBan(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Shortens a ban that the store has no room for: its client is held here for some seconds. */
  hold(ban: Ban, seconds: number): void {
    const range = parseRange(ban.ip);
    const service = ban.scope === "service" ? ban.service : undefined;
    const row = range === undefined ? NONE : this.copies.rowOf(range, service);
    if (row !== NONE) this.copies.hold(row, seconds);
  }

  /** Returns the bans in force inside a network that protections made at a service. */
  membersOf(network: AddressRange, service: string | undefined): FoundBan[] {
    return this.copies.membersOf(network, service).map((row) => this.copies.describe(row));
  }

  /** Returns the merged networks in force that contain a range. */
  networksOver(range: AddressRange): AddressRange[] {
    return this.copies.covering(range, "merged").map((row) => this.copies.describe(row).range);
  }

  /** Forgets a ban, and that it ever was. */
  forget(subject: AddressRange, service: string | undefined): void {
    const row = this.copies.rowOf(subject, service);
    if (row !== NONE) this.copies.remove(row);
  }

  /** Ends a ban here, at once; passes issued before it stay void. */
  end(subject: AddressRange, service: string | undefined): void {
    const row = this.copies.rowOf(subject, service);
    if (row !== NONE) this.copies.end(row, this.retention);
  }

  /** Returns the services at which exactly this subject is banned; `undefined` = everywhere. */
  scopesOf(subject: AddressRange): (string | undefined)[] {
    return this.copies.scopesOf(subject);
  }

  /** Returns the single IPv6 addresses inside some prefixes that have bans of their own, except those in `ranges`. */
  addressesIn(ranges: readonly AddressRange[]): AddressRange[] {
    const wide = ranges.filter(({ address, bits }) => address.family === 6 && bits < 128);
    if (wide.length === 0 || !this.copies.hasSingle6) return [];
    const named = new Set(ranges.map(({ text }) => text));
    return [...this.copies.slices()]
      .flatMap((slice) => slice.filter((row) => this.copies.inForce(row)))
      .map((row) => this.copies.describe(row).range)
      .filter(({ address, bits, text }) => address.family === 6 && bits === 128 && !named.has(text))
      .filter(({ address }) => wide.some((range) => rangeContains(range, address)));
  }

  /** The bans in force, in slices of some hundred, so that a reader can let others work in between: there may be a million. */
  *inForce(): Generator<FoundBan[], void, undefined> {
    for (const slice of this.copies.slices(DESCRIBED))
      yield slice.filter((row) => this.copies.inForce(row)).map((row) => this.copies.describe(row));
  }

  /** Counts the bans in force. In slices: there may be a million. */
  async countInForce(): Promise<number> {
    let count = 0;
    let slices = 0;
    for (const slice of this.copies.slices()) {
      if (slices++ > 0) await new Promise((resolve) => setImmediate(resolve));
      for (const row of slice) if (this.copies.inForce(row)) count++;
    }
    return count;
  }

  // An entry of a read is older than any change meanwhile, so it is not recorded as a change.
  private apply(change: StoreChange, isRead = false): void {
    if (!change.key.startsWith("ban:")) {
      if (change.key.startsWith(REVOKED_PREFIX)) this.revoked.apply(change);
      else if (change.key.startsWith(VOID_PREFIX) && change.value !== undefined)
        this.putVoid(change.key, change.value, change.ttl);
      return;
    }
    const { subject, service } = parseBanKey(change.key);
    const range = readRange(subject);
    if (range === undefined) return;
    const key = range.text === subject ? change.key : banKey(range.text, service);
    if (key !== change.key) {
      if (change.value === undefined) this.spellings.delete(key);
      else if (this.spellings.size < MAX_SPELLINGS) this.spellings.set(key, change.key);
    }
    if (isRead && change.value !== undefined) this.stored.noteHead(change.key, change.value);
    else this.stored.note(change.key, change.value);
    if (change.value === undefined) {
      this.end(range, service);
      return;
    }
    if (!isRead) this.replica.record(key, "");
    const now = this.now();
    const ends = change.ttl === 0 ? Infinity : now + change.ttl * 1000;
    this.write({ range, service, ends }, readHead(change.value), now);
  }

  private putVoid(key: string, value: string, ttl: number): void {
    const began = Number(value);
    const { subject, service } = parseBanPlace(key, VOID_PREFIX.length);
    const range = readRange(subject);
    if (!Number.isFinite(began) || range === undefined) return;
    this.copies.writeMark(range, service, began, ttl === 0 ? Infinity : this.now() + ttl * 1000);
  }

  // In slices: there may be a million.
  private async endUnseen(): Promise<void> {
    for (const slice of this.copies.slices()) {
      for (const row of slice)
        if (this.copies.isUnseen(row) && this.copies.inForce(row)) this.copies.end(row, this.retention);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

function wholeBan({ range, service, reason, began, ends, action }: FoundBan, text: string | undefined): Ban {
  const expires = ends === Infinity ? 0 : ends;
  if (text !== undefined) return decodeBan(banKey(range.text, service), text, expires);
  return {
    ip: range.text,
    reason: reason ?? "unknown",
    scope: service === undefined ? "global" : "service",
    service: service ?? UNKNOWN_SERVICE,
    date: new Date(began),
    expires: expires === 0 ? null : new Date(expires),
    data: {},
    action,
  };
}

// Bans must end when their keys do, so a store's own clock is used if it has one.
function clockOf(store: Store & { now?: unknown }): () => number {
  return typeof store.now === "function" ? () => (store as { now: () => number }).now() : Date.now;
}
