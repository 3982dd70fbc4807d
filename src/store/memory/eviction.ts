import type { Admission, Fullness } from "./admission.js";
import { SlotLists } from "./slot-lists.js";
import { networkHash } from "./client-hash.js";

// Networks are grouped by hash, so that the cost does not depend on their number. A network in the same group as a flood may be
// evicted with it: one innocent network in 16 384.
const GROUPS = 0x4000;
/** A store with a smaller share simply evicts the oldest key. */
const MIN_SHARE = 16;

/**
 * Admits every new key; when full, evicts the key written longest ago. If a network (IPv4 /16, IPv6 /48) holds more than 1/16
 * of the keys, its own oldest key is evicted first, so that a flood from one network does not push out the counters of others.
 * When the bytes are used up before the keys, the share is 1/16 of the keys that there are.
 */
export class Eviction implements Admission {
  private readonly most: number;
  private share: number;
  private readonly all = new SlotLists(1);
  private readonly groups = new SlotLists(GROUPS);
  /** Groups above their share: at most 16, since each holds more than 1/16. */
  private readonly crowded = new Set<number>();

  constructor(maxKeys: number) {
    this.most = this.share = shareOf(maxKeys);
  }

  resize(capacity: number): void {
    this.all.resize(capacity);
    this.groups.resize(capacity);
  }

  admit(key: string, full: Fullness, size: number): number | undefined {
    if (!full.keys && !full.bytes) return undefined;
    const share = full.bytes ? Math.min(this.most, shareOf(size)) : this.most;
    // Not for every key more or less: all groups are looked at.
    if (share > this.share * 1.25 || share < this.share * 0.8) this.setShare(share);
    const group = networkHash(key) % GROUPS;
    if (this.groups.size(group) >= this.share) return this.groups.oldest(group);
    let largest: number | undefined;
    for (const crowded of this.crowded) {
      if (largest === undefined || this.groups.size(crowded) > this.groups.size(largest)) largest = crowded;
    }
    return largest === undefined ? this.all.oldest(0) : this.groups.oldest(largest);
  }

  added(slot: number, key: string): void {
    const group = networkHash(key) % GROUPS;
    this.all.append(0, slot);
    this.groups.append(group, slot);
    if (this.groups.size(group) > this.share) this.crowded.add(group);
  }

  renewed(slot: number): void {
    this.all.renew(slot);
    this.groups.renew(slot);
  }

  private setShare(share: number): void {
    this.share = share;
    this.crowded.clear();
    for (let group = 0; group < GROUPS; group++) if (this.groups.size(group) > share) this.crowded.add(group);
  }

  removed(slot: number): void {
    const group = this.groups.listOf(slot);
    this.all.remove(slot);
    this.groups.remove(slot);
    if (this.groups.size(group) <= this.share) this.crowded.delete(group);
  }
}

function shareOf(keys: number): number {
  return Math.max(MIN_SHARE, Math.floor(keys / 16));
}
