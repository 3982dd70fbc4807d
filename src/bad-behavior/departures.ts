import type { ServerResponse } from "node:http";
import type { Client } from "../request/client.js";
import { watchLateStatus } from "../request/late-status.js";
import type { RequestView } from "../request/request-view.js";
import type { ClientActivity } from "./client-activity.js";

/** How many requests without a client are followed for one client; further ones count as 499 at once. */
const MAX_PER_CLIENT = 64;
/** How many are followed in all; beyond, the oldest counts as 499. */
const MAX_TOTAL = 4096;
const CHECK_MS = 1000;

/** A request that has reached the app, and whose client left before it had a status. */
export interface Departure {
  readonly activity: ClientActivity;
  readonly client: Client;
  readonly request: RequestView;
  readonly res: ServerResponse;
  /** What it counts if it gets no status. */
  readonly weight: number;
}

/** Follows requests whose clients have left until the app sets a status, or no longer than `countTime`. */
export class Departures {
  /** With the time when each ends, in ms; oldest first. */
  private readonly open = new Map<Departure, number>();
  private readonly byClient = new Map<ClientActivity, number>();
  private timer: NodeJS.Timeout | undefined;

  /** @param decided called once for each: `status` is `undefined` if the app sets none within `seconds` */
  constructor(
    private readonly seconds: number,
    private readonly now: () => number,
    private readonly decided: (departure: Departure, status: number | undefined) => void,
  ) {}

  add(departure: Departure): void {
    const { activity, res, weight } = departure;
    activity.badCount.undecided += weight;
    this.open.set(departure, this.now() + this.seconds * 1000);
    const count = (this.byClient.get(activity) ?? 0) + 1;
    this.byClient.set(activity, count);
    if (count > MAX_PER_CLIENT) this.decide(departure, undefined);
    else watchLateStatus(res, (status) => this.decide(departure, status));
    const [oldest] = this.open.keys();
    if (this.open.size > MAX_TOTAL && oldest !== undefined) this.decide(oldest, undefined);
    if (this.open.size > 0) this.timer ??= setInterval(() => this.expire(), CHECK_MS).unref();
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.open.clear();
    this.byClient.clear();
  }

  private expire(): void {
    const now = this.now();
    for (const [departure, ends] of this.open) {
      if (now < ends) return;
      this.decide(departure, undefined);
    }
  }

  private decide(departure: Departure, status: number | undefined): void {
    const { activity, weight } = departure;
    if (!this.open.delete(departure)) return;
    const left = (this.byClient.get(activity) ?? 1) - 1;
    if (left === 0) this.byClient.delete(activity);
    else this.byClient.set(activity, left);
    if (this.open.size === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
    activity.badCount.undecided -= weight;
    this.decided(departure, status);
  }
}
