import type { Admission } from "./admission.js";
import { SlotLists } from "./slot-lists.js";
import { networkHash } from "./client-hash.js";

// Networks are put into groups by hash, which costs the same however many networks there are. Who shares a group with a
// flood may be pushed out with it: one innocent in 16 384.
const GROUPS = 0x4000;
/** Small stores simply let the oldest go. */
const MIN_SHARE = 16;

/**
 * New keys always get in; when there is no room, another goes. The oldest goes (the one written longest ago), but a
 * network (IPv4 /16, IPv6 /48) that holds more than 1/16 of the room pays first: for its own new keys, then for
 * everybody's. So a flood from one network pushes out itself and not the counters of others.
 */
export class Eviction implements Admission {
  private readonly share: number;
  private readonly all = new SlotLists(1);
  private readonly groups = new SlotLists(GROUPS);
  /** Groups above their share: 16 at most, since each holds more than 1/16. */
  private readonly crowded = new Set<number>();

  constructor(mostKeys: number) {
    this.share = Math.max(MIN_SHARE, Math.floor(mostKeys / 16));
  }

  resize(capacity: number): void {
    this.all.resize(capacity);
    this.groups.resize(capacity);
  }

  admit(key: string, full: boolean): number | undefined {
    if (!full) return undefined;
    const group = networkHash(key) % GROUPS;
    if (this.groups.size(group) >= this.share) return this.groups.oldest(group);
    const largest = this.mostCrowded();
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

  removed(slot: number): void {
    const group = this.groups.listOf(slot);
    this.all.remove(slot);
    this.groups.remove(slot);
    if (this.groups.size(group) <= this.share) this.crowded.delete(group);
  }

  private mostCrowded(): number | undefined {
    let most: number | undefined;
    for (const group of this.crowded) {
      if (most === undefined || this.groups.size(group) > this.groups.size(most)) most = group;
    }
    return most;
  }
}
