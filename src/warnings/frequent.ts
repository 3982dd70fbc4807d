/** How often something occurred, and who it was. */
export interface Occurrence {
  readonly key: string;
  /** Certainly as often, and probably a little more often. */
  readonly count: number;
  /** The different members of it, some of them. */
  readonly members: ReadonlySet<string>;
}

interface Slot {
  key: string;
  count: number;
  /** How often other keys had this slot before. */
  before: number;
  members: Set<string>;
}

/** The most different members that are told apart. */
const MAX_MEMBERS = 16;

/** Counts how often keys occur, in bounded memory: a frequent one keeps its slot, however many rare ones there are. */
export class Frequent {
  /** How often any key occurred. */
  total = 0;
  private readonly slots = new Map<string, Slot>();

  constructor(private readonly maxKeys: number) {}

  /** Counts a key, and one of its members. */
  add(key: string, member: string): Occurrence {
    this.total++;
    const slot = this.slots.get(key) ?? this.newSlot(key);
    slot.count++;
    if (slot.members.size < MAX_MEMBERS) slot.members.add(member);
    return { key, count: slot.count - slot.before, members: slot.members };
  }

  // The rarest key gives way (the "space-saving" algorithm).
  private newSlot(key: string): Slot {
    let rarest: Slot | undefined;
    if (this.slots.size >= this.maxKeys) {
      for (const slot of this.slots.values())
        if (rarest === undefined || slot.count < rarest.count) rarest = slot;
    }
    if (rarest !== undefined) this.slots.delete(rarest.key);
    const before = rarest?.count ?? 0;
    const slot: Slot = { key, count: before, before, members: new Set() };
    this.slots.set(key, slot);
    return slot;
  }
}
