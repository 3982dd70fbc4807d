import { prefixMask, prefixOf, type AddressRange } from "../address/address.js";
import { hashOf, hashOfNumbers } from "../store/memory/hash.js";
import type { Store } from "../store/store.js";
import type { StoreScope } from "../store/store-scope.js";
import { UNKNOWN_SERVICE } from "../service-name.js";
import { banKey, encodeBan, type Ban } from "./ban.js";
import type { FoundBan } from "./found-ban.js";
import { BanIndex } from "./ban-index.js";
import { voidKey, writeBan } from "./ban-mark.js";

/** How many banned clients make one ban of their network, by its prefix length; 0 = never. */
export interface MergeLimits {
  readonly 48: number;
  readonly 56: number;
}

// Networks are counted by hash, so that a flood from many of them takes no memory. One that shares a counter is looked at more
// often, or merged a few bans later, than need be.
const COUNTERS = 0x10000;
/** The lengths of networks, the widest first. */
const NETWORKS = [48, 56] as const;
/** Longer prefixes are single addresses more than clients. */
const LONGEST_CLIENT = 64;

/**
 * Puts one ban of an IPv6 network in the place of many of its clients. Only bans that a protection made are counted, those of one
 * service and scope together. IPv4 networks are never banned: their addresses belong to different people.
 */
export class NetworkBans {
  private known: Record<48 | 56, Int32Array> | undefined;

  constructor(scope: StoreScope) {
    scope.get(BanIndex).onAutomaticBan = (range, service) => this.note(range, service);
  }

  /** How many bans have begun in a network since they were counted last. */
  private get counts(): Record<48 | 56, Int32Array> {
    return (this.known ??= { 48: new Int32Array(COUNTERS), 56: new Int32Array(COUNTERS) });
  }

  /** Notes that a protection has banned a client, here or on another instance. */
  private note(range: AddressRange, service: string | undefined): void {
    if (range.address.family === 4) return;
    const scope = scopeHash(service);
    for (const bits of NETWORKS) {
      if (!isInside(range, bits)) continue;
      const counter = counterOf(range, bits, scope);
      this.counts[bits][counter] = (this.counts[bits][counter] as number) + 1;
    }
  }

  /**
   * Bans the network of a client that was just banned, if enough of it is, and lifts the bans that it stands for. Returns the new
   * ban; `undefined` = there is none, or another instance has written it, or the store has failed: then the single bans stay.
   */
  async merge(
    range: AddressRange,
    limits: MergeLimits,
    {
      ban,
      index,
      store,
      mayBan,
    }: { ban: Ban; index: BanIndex; store: Store; mayBan: (network: AddressRange) => boolean },
  ): Promise<Ban | undefined> {
    const service = ban.scope === "service" ? ban.service : undefined;
    for (const bits of NETWORKS) {
      const limit = limits[bits];
      if (limit === 0 || !isInside(range, bits)) continue;
      const network = prefixOf(range.address, bits);
      const counter = counterOf(range, bits, scopeHash(service));
      if ((this.counts[bits][counter] as number) < limit || index.get(network, service) !== undefined)
        continue;
      const members = index.membersOf(network, service);
      const weigh = ({ kind }: FoundBan): number => (kind === "merged" ? limits[56] : 1);
      const count = members.reduce((sum, member) => sum + weigh(member), 0);
      this.counts[bits][counter] = count;
      if (count < limit || !mayBan(network)) continue;
      return this.replace(members, mergedBan(network, ban, members, index.now()), { index, store, count });
    }
    return undefined;
  }

  private async replace(
    members: readonly FoundBan[],
    ban: Ban,
    { index, store, count }: { index: BanIndex; store: Store; count: number },
  ): Promise<Ban | undefined> {
    const merged = { ...ban, data: { merged: count } };
    const service = ban.scope === "service" ? ban.service : undefined;
    const ttl = ban.expires === null ? 0 : (ban.expires.getTime() - index.now()) / 1000;
    let isNew: boolean;
    try {
      const mark = { began: ban.date.getTime(), retention: index.retention };
      const write = { key: banKey(ban.ip, service), value: encodeBan(merged, "merged"), ttl, mark };
      isNew = await writeBan(store, write, "add");
    } catch {
      return undefined;
    }
    if (!isNew) return undefined;
    index.put(merged, "merged");
    for (const { range } of members) {
      try {
        await store.delete(index.storedKey(banKey(range.text, service)));
        if (store.ephemeral !== true) await store.delete(voidKey(range.text, service));
      } catch {
        // It ends by itself.
      }
      // The ban of the network voids the older passes of all its clients.
      index.forget(range, service);
    }
    return merged;
  }
}

function isInside({ address, bits }: AddressRange, network: number): boolean {
  return address.family === 6 && bits > network && bits <= LONGEST_CLIENT;
}

// Most bans that are noted one after the other are of the same service.
let last = { service: "", hash: hashOf("") };

function scopeHash(service: string | undefined): number {
  if (service === undefined) return 0;
  if (service !== last.service) last = { service, hash: hashOf(service) };
  return last.hash;
}

function counterOf({ address }: AddressRange, bits: 48 | 56, scope: number): number {
  const [first = 0, second = 0] = address.words;
  return hashOfNumbers(first, second & prefixMask(bits - 32), scope) % COUNTERS;
}

function mergedBan(network: AddressRange, last: Ban, members: readonly FoundBan[], now: number): Ban {
  const ends = Math.max(...members.map((member) => member.ends));
  return {
    ip: network.text,
    reason: last.reason,
    scope: last.scope,
    service: last.scope === "service" ? last.service : UNKNOWN_SERVICE,
    date: new Date(now),
    expires: ends === Infinity ? null : new Date(ends),
    data: {},
    // Where there is a gate, a neighbour of the attackers can get in.
    action: "challenge",
  };
}
