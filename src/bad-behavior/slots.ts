import type { ServerResponse } from "node:http";

/** The responses to one client's requests in flight, and since when each is. Reused, so that a request costs no allocation. */
export class Slots {
  size = 0;
  private readonly responses: (ServerResponse | undefined)[] = [];
  private readonly times: number[] = [];

  add(res: ServerResponse, now: number): void {
    this.responses[this.size] = res;
    this.times[this.size++] = now;
  }

  remove(res: ServerResponse): boolean {
    const index = this.size === 0 ? -1 : this.responses.indexOf(res);
    if (index >= 0) this.removeAt(index);
    return index >= 0;
  }

  /** Removes the responses that `isOver`, given since when they are in flight, and returns them. */
  removeOver(isOver: (res: ServerResponse, since: number) => boolean): ServerResponse[] {
    const removed: ServerResponse[] = [];
    for (let index = this.size - 1; index >= 0; index--) {
      const res = this.responses[index] as ServerResponse;
      if (!isOver(res, this.times[index] as number)) continue;
      removed.push(res);
      this.removeAt(index);
    }
    return removed.reverse();
  }

  private removeAt(index: number): void {
    const last = --this.size;
    this.responses[index] = this.responses[last];
    this.times[index] = this.times[last] as number;
    this.responses[last] = undefined;
  }
}
