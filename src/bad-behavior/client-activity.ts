import { MassCount } from "../engine/mass-count.js";
import type { HeldRequest } from "../engine/protection.js";
import type { Slots } from "./slots.js";

/** The number of clients that are remembered beyond those with requests in flight, and that are counted as active. */
const MAX_CLIENTS = 100_000;
/** How many clients each new one has checked, so that idle ones are forgotten. */
const SWEEP_STEPS = 3;

/** A request that waits until others of its client have a status. */
export interface WaitingRequest extends HeldRequest {
  /** Since when, in ms. */
  readonly since: number;
}

/** The bad responses of a client, as far as this instance knows. */
export interface BadCount {
  /** The sum of weights that the store returned last. */
  count: number;
  /** Until when they can be in the window, in ms. */
  until: number;
  /** The sum of weights that the store is still counting. */
  counting: number;
  /** The sum of weights of requests whose client left, and whose response has no status yet. */
  undecided: number;
}

/** What is going on with one client. */
export class ClientActivity {
  /** The last window in which the client was active; -1 = it is forgotten. */
  window = 0;
  /** The client's requests in flight; `undefined` = none. */
  slots: Slots | undefined;
  /** Requests that wait for one of those; `undefined` = none. */
  waiting: WaitingRequest[] | undefined;
  /** `undefined` = no bad response lately. */
  bad: BadCount | undefined;

  constructor(
    readonly key: string,
    readonly owner: ClientActivities,
  ) {}

  /** The bad responses, begun at none. */
  get badCount(): BadCount {
    return (this.bad ??= { count: 0, until: 0, counting: 0, undecided: 0 });
  }

  /** Takes no memory for a client with no bad response: most of those that had one are banned now. */
  forgetBad(): void {
    const { bad } = this;
    if (bad !== undefined && bad.count + bad.counting + bad.undecided === 0) this.bad = undefined;
  }

  /** Whether nothing is lost if the client is forgotten. */
  isIdle(now: number): boolean {
    if (this.slots !== undefined || this.waiting !== undefined) return false;
    const { bad } = this;
    return bad === undefined || (now >= bad.until && bad.counting === 0 && bad.undecided === 0);
  }
}

/** The clients that are active in the current window; counts them, and those that would be banned. */
export class ClientActivities {
  private readonly clients = new Map<string, ClientActivity>();
  private sweeper: Iterator<ClientActivity> | undefined;
  private window = 0;
  private windowEnds = 0;
  private count = new MassCount();

  /** @param length of a window, in seconds */
  constructor(private readonly length: number) {}

  /** Returns a client that makes a request, and counts it as active. */
  visit(key: string, now: number): ClientActivity {
    if (now >= this.windowEnds) {
      this.windowEnds = now + this.length * 1000;
      this.window++;
      this.count = new MassCount();
    }
    const activity = this.clients.get(key) ?? this.add(key, now);
    if (activity.window !== this.window) {
      activity.window = this.window;
      // Beyond so many clients no mass can be a mistake.
      if (this.count.active < MAX_CLIENTS) this.count.active++;
    }
    return activity;
  }

  get(key: string): ClientActivity | undefined {
    return this.clients.get(key);
  }

  /** Counts a client that earned a ban. */
  addBanned(): MassCount {
    this.count.affected++;
    return this.count;
  }

  /** Forgets a client that is banned now, if nothing of it is in flight. */
  forget(activity: ClientActivity, now: number): void {
    if (activity.isIdle(now)) this.delete(activity);
  }

  private delete(activity: ClientActivity): void {
    activity.window = -1;
    this.clients.delete(activity.key);
  }

  private add(key: string, now: number): ClientActivity {
    const full = this.clients.size >= MAX_CLIENTS;
    for (let step = 0; step < SWEEP_STEPS; step++) {
      this.sweeper ??= this.clients.values();
      const next = this.sweeper.next();
      if (next.done === true) this.sweeper = undefined;
      else if (next.value.isIdle(now) && (full || next.value.window !== this.window)) this.delete(next.value);
    }
    const activity = new ClientActivity(key, this);
    this.clients.set(key, activity);
    return activity;
  }
}
