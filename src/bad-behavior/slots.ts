import type { ServerResponse } from "node:http";

/** What becomes of a slot: it goes on as it is, is late, or ends. */
export type SlotState = "in flight" | "late" | "over";

/** The responses to one client's requests in flight, and since when each is. Reused, so that a request costs no allocation. */
export class Slots {
  size = 0;
  /** How many of them have been in flight so long that only unsafe requests still wait for them. */
  late = 0;
  private readonly responses: (ServerResponse | undefined)[] = [];
  private readonly times: number[] = [];
  private readonly isLate: boolean[] = [];

  add(res: ServerResponse, now: number): void {
    this.responses[this.size] = res;
    this.times[this.size++] = now;
  }

  remove(res: ServerResponse): boolean {
    const index = this.size === 0 ? -1 : this.responses.indexOf(res);
    if (index >= 0) this.removeAt(index);
    return index >= 0;
  }

  /** Asks for the state of each, given since when it is in flight. Removes those that are over, and returns them. */
  removeOver(stateOf: (res: ServerResponse, since: number) => SlotState): ServerResponse[] {
    const removed: ServerResponse[] = [];
    for (let index = this.size - 1; index >= 0; index--) {
      const res = this.responses[index] as ServerResponse;
      const state = stateOf(res, this.times[index] as number);
      if (state === "late" && this.isLate[index] !== true) {
        this.isLate[index] = true;
        this.late++;
      }
      if (state !== "over") continue;
      removed.push(res);
      this.removeAt(index);
    }
    return removed.reverse();
  }

  private removeAt(index: number): void {
    const last = --this.size;
    if (this.late > 0) {
      if (this.isLate[index] === true) this.late--;
      this.isLate[index] = this.isLate[last] ?? false;
      this.isLate[last] = false;
    }
    this.responses[index] = this.responses[last];
    this.times[index] = this.times[last] as number;
    this.responses[last] = undefined;
  }
}
