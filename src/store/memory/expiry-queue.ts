// Places are stored plus one, so that 0 means nowhere and new typed arrays need no initialisation.
const NOWHERE = 0;
const BRANCHES = 4;

/** The slots that expire, soonest first: a heap in typed arrays. */
export class ExpiryQueue {
  private length = 0;
  // By place in the heap.
  private times = new Float64Array(0);
  private slots = new Int32Array(0);
  // By slot.
  private places = new Int32Array(0);

  get size(): number {
    return this.length;
  }

  resize(capacity: number): void {
    const { times, slots, places } = this;
    this.times = new Float64Array(capacity);
    this.slots = new Int32Array(capacity);
    this.places = new Int32Array(capacity);
    this.times.set(times.subarray(0, capacity));
    this.slots.set(slots.subarray(0, capacity));
    this.places.set(places.subarray(0, capacity));
  }

  /** When a slot expires, in ms; `Infinity` = never. */
  timeOf(slot: number): number {
    const place = this.places[slot] as number;
    return place === NOWHERE ? Infinity : (this.times[place - 1] as number);
  }

  /** A slot that has expired by `now` (ms), if any. */
  expired(now: number): number | undefined {
    return this.length > 0 && (this.times[0] as number) <= now ? this.slots[0] : undefined;
  }

  /** Sets when a slot expires, in ms; `Infinity` = never. */
  set(slot: number, time: number): void {
    const place = this.places[slot] as number;
    if (time === Infinity) this.delete(slot);
    else if (place === NOWHERE) this.rise(this.length++, slot, time);
    else if (time < (this.times[place - 1] as number)) this.rise(place - 1, slot, time);
    else this.sink(place - 1, slot, time);
  }

  delete(slot: number): void {
    const known = this.places[slot] as number;
    if (known === NOWHERE) return;
    this.places[slot] = NOWHERE;
    const place = known - 1;
    const last = --this.length;
    if (place === last) return;
    const filler = this.slots[last] as number;
    const time = this.times[last] as number;
    const above = (place - 1) >> 2;
    if (place > 0 && time < (this.times[above] as number)) this.rise(place, filler, time);
    else this.sink(place, filler, time);
  }

  private rise(place: number, slot: number, time: number): void {
    while (place > 0) {
      const above = (place - 1) >> 2;
      if ((this.times[above] as number) <= time) break;
      this.put(place, this.slots[above] as number, this.times[above] as number);
      place = above;
    }
    this.put(place, slot, time);
  }

  private sink(place: number, slot: number, time: number): void {
    for (;;) {
      const first = place * BRANCHES + 1;
      const end = Math.min(first + BRANCHES, this.length);
      let soonest = place;
      let soonestTime = time;
      for (let below = first; below < end; below++) {
        const belowTime = this.times[below] as number;
        if (belowTime < soonestTime) [soonest, soonestTime] = [below, belowTime];
      }
      if (soonest === place) break;
      this.put(place, this.slots[soonest] as number, soonestTime);
      place = soonest;
    }
    this.put(place, slot, time);
  }

  private put(place: number, slot: number, time: number): void {
    this.slots[place] = slot;
    this.times[place] = time;
    this.places[slot] = place + 1;
  }
}
