import { isThenable } from "../../awaitable.js";
import type { Awaitable } from "../../awaitable.js";

/** Look-ups under way for one client, and for all (R33); more are not made. */
const MOST_PER_CLIENT = 4;
const MOST = 512;

/** Bounds one kind of look-ups: visits that wait for the same answer share one, and nobody's visits start more than a few at once. */
export class LookupLimits {
  private readonly underWay = new Map<string, Promise<unknown>>();
  private readonly ofClient = new Map<string, number>();
  private shedCount = 0;

  /** How many look-ups were not made because too many were under way. */
  get shed(): number {
    return this.shedCount;
  }

  /**
   * Starts a look-up, or joins the one under way for the same address; `undefined` = not made.
   *
   * @param client what the client is kept under
   * @param ip the address that is looked up
   */
  run<T>(client: string, ip: string, start: () => Awaitable<T>): Awaitable<T | undefined> {
    const same = this.underWay.get(ip);
    if (same !== undefined) return same as Promise<T>;
    const mine = this.ofClient.get(client) ?? 0;
    if (this.underWay.size >= MOST || mine >= MOST_PER_CLIENT) {
      this.shedCount++;
      return undefined;
    }
    const started = start();
    if (!isThenable(started)) return started;
    this.ofClient.set(client, mine + 1);
    const answer = started.finally(() => {
      this.underWay.delete(ip);
      const left = (this.ofClient.get(client) ?? 1) - 1;
      if (left > 0) this.ofClient.set(client, left);
      else this.ofClient.delete(client);
    });
    this.underWay.set(ip, answer);
    return answer;
  }
}
