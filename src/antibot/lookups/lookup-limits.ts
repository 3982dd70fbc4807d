import { isThenable, type Awaitable } from "../../awaitable.js";

/** Look-ups under way for one client, and for all (R33); more are not made. */
const MAX_PER_CLIENT = 4;
const MAX = 512;

/** Bounds one kind of look-ups: requests of the same address share one, and no client starts more than a few at once. */
export class LookupLimits {
  private readonly underWay = new Map<string, Promise<unknown>>();
  private readonly perClient = new Map<string, number>();

  /** Starts the look-up of `ip` for the client with that key, or joins the one under way; `undefined` = not made. */
  run<T>(client: string, ip: string, start: () => Awaitable<T>): Awaitable<T | undefined> {
    const same = this.underWay.get(ip);
    if (same !== undefined) return same as Promise<T>;
    const count = this.perClient.get(client) ?? 0;
    if (this.underWay.size >= MAX || count >= MAX_PER_CLIENT) return undefined;
    const started = start();
    if (!isThenable(started)) return started;
    this.perClient.set(client, count + 1);
    const found = started.finally(() => {
      this.underWay.delete(ip);
      const left = (this.perClient.get(client) ?? 1) - 1;
      if (left > 0) this.perClient.set(client, left);
      else this.perClient.delete(client);
    });
    this.underWay.set(ip, found);
    return found;
  }
}
