// Links hold the slot plus one, so that 0 means none and new typed arrays need no initialisation.
const NONE = 0;

/** A fixed number of lists of slots, oldest first; a slot is in at most one list. Every call takes constant time. */
export class SlotLists {
  // By list.
  private readonly firsts: Int32Array;
  private readonly lasts: Int32Array;
  private readonly sizes: Int32Array;
  // By slot.
  private lists = new Int32Array(0);
  private olders = new Int32Array(0);
  private newers = new Int32Array(0);

  constructor(count: number) {
    this.firsts = new Int32Array(count);
    this.lasts = new Int32Array(count);
    this.sizes = new Int32Array(count);
  }

  resize(capacity: number): void {
    this.lists = widened(this.lists, capacity);
    this.olders = widened(this.olders, capacity);
    this.newers = widened(this.newers, capacity);
  }

  size(list: number): number {
    return this.sizes[list] as number;
  }

  listOf(slot: number): number {
    return this.lists[slot] as number;
  }

  oldest(list: number): number | undefined {
    const first = this.firsts[list] as number;
    return first === NONE ? undefined : first - 1;
  }

  /** Appends a slot that is in no list. */
  append(list: number, slot: number): void {
    const last = this.lasts[list] as number;
    this.lists[slot] = list;
    this.olders[slot] = last;
    this.newers[slot] = NONE;
    if (last === NONE) this.firsts[list] = slot + 1;
    else this.newers[last - 1] = slot + 1;
    this.lasts[list] = slot + 1;
    this.sizes[list] = this.size(list) + 1;
  }

  remove(slot: number): void {
    const list = this.listOf(slot);
    const older = this.olders[slot] as number;
    const newer = this.newers[slot] as number;
    if (older === NONE) this.firsts[list] = newer;
    else this.newers[older - 1] = newer;
    if (newer === NONE) this.lasts[list] = older;
    else this.olders[newer - 1] = older;
    this.sizes[list] = this.size(list) - 1;
  }

  /** Moves a slot to the end of its list. */
  renew(slot: number): void {
    const list = this.listOf(slot);
    if (this.lasts[list] === slot + 1) return;
    this.remove(slot);
    this.append(list, slot);
  }
}

function widened(column: Int32Array, capacity: number): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(capacity);
  wider.set(column.subarray(0, capacity));
  return wider;
}
