import type { ServerResponse } from "node:http";
import { isThenable, type Awaitable } from "../awaitable.js";
import type { HeldRequest } from "../engine/protection.js";
import type { Client } from "../request/client.js";
import { viewOf, type RequestView } from "../request/request-view.js";
import { statusSent } from "../request/status-sent.js";
import { PASS, type Deny, type Verdict } from "../request/verdict.js";
import type { ClientActivity, WaitingRequest } from "./client-activity.js";
import { Slots, type SlotState } from "./slots.js";

/** After so long a request no longer takes the place of a safe one, nor a safe one (a long poll) of any, in ms. */
const MAX_FLIGHT_MS = 5000;
/** A body of so many bytes that is still arriving by then is an upload, which takes no place either. */
const UPLOAD_BYTES = 1_048_576;
/** How long a request waits for its turn, in ms. */
const MAX_WAIT_MS = 10_000;
/** How many requests of one client wait. */
const MAX_WAITING = 512;
/** How many requests wait in all. */
const MAX_WAITING_TOTAL = 16_384;
/** How often responses are looked at while requests wait, in ms. */
const POLL_MS = 20;
/** How many unused slots are kept for reuse. */
const MAX_POOL = 128;

/** What an {@link InFlightLimit} asks of its protection. */
export interface InFlightParts {
  readonly threshold: number;
  /** How long an unsafe request takes the place of other unsafe ones, in seconds. */
  readonly countTime: number;
  readonly now: () => number;
  /** Whether responses to this request never count. */
  isExempt(request: RequestView, client?: Client): boolean;
  isBanned(client: Client): boolean;
  /** Whether nothing is refused now, so that nothing need wait. */
  isOff(): boolean;
  /** Judges a request again after it has waited. */
  judge(client: Client, request: RequestView): Awaitable<Verdict>;
  /** Counts a response whose status was sent, before it ends. */
  countSent(request: RequestView, res: ServerResponse): void;
}

const NONE = { size: 0, late: 0 };

const TOO_MANY: Deny = Object.freeze({
  action: "deny",
  protection: "bad-behavior",
  reason: "too many requests at once",
  data: {},
  status: 429,
});

/**
 * Limits the requests of one client that have reached the app and have no status yet, so that not many more bad requests than
 * the threshold reach the app before the client is banned. The others wait, in order.
 */
export class InFlightLimit {
  /** How many requests wait, of all clients. */
  waiting = 0;
  private readonly most: number;
  private readonly pool: Slots[] = [];
  /** The clients with waiting requests. */
  private readonly held = new Set<ClientActivity>();
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  /** Set while responses are counted in a loop: none of those counts may let others through before the last is counted. */
  private sweeping = false;

  constructor(private readonly parts: InFlightParts) {
    this.most = 2 * parts.threshold;
  }

  /** Takes a slot for a request of a client that is known for nothing bad; `false` = {@link hold} decides. */
  take(activity: ClientActivity, res: ServerResponse, now: number): boolean {
    if (activity.bad !== undefined || activity.waiting !== undefined) return false;
    if (activity.slots !== undefined && activity.slots.size >= this.most) return false;
    this.add(activity, res, now);
    return true;
  }

  /** Resumes a request at once if it may reach the app or must be refused, and otherwise when it is its turn. */
  hold(activity: ClientActivity, { client, request, res, resume }: HeldRequest): void {
    const now = this.parts.now();
    if (this.closed || this.parts.isExempt(request, client)) {
      resume(PASS);
      return;
    }
    if (activity.waiting === undefined && this.fits(activity, request, now)) {
      this.add(activity, res, now);
      resume(PASS);
      return;
    }
    if ((activity.waiting?.length ?? 0) >= MAX_WAITING || this.waiting >= MAX_WAITING_TOTAL) {
      resume(TOO_MANY);
      return;
    }
    (activity.waiting ??= []).push({ client, request, res, resume, since: now });
    this.waiting++;
    this.held.add(activity);
    this.wake(activity);
    if (this.held.size > 0) this.timer ??= setInterval(() => this.poll(), POLL_MS).unref();
  }

  /** Frees the slot of a response, for the next request that waits. */
  release(activity: ClientActivity, res: ServerResponse): void {
    const { slots } = activity;
    if (slots !== undefined && slots.remove(res)) this.recycle(activity, slots);
    if (activity.waiting !== undefined) this.wake(activity);
  }

  /** Forgets a waiting request whose client has left. Returns `false` if it does not wait. */
  forget(activity: ClientActivity, res: ServerResponse): boolean {
    const index = activity.waiting?.findIndex((one) => one.res === res) ?? -1;
    if (index < 0) return false;
    this.removeWaiting(activity, index);
    return true;
  }

  /** Lets requests through that wait, as far as slots are free, and refuses those of a banned client. */
  wake(activity: ClientActivity): void {
    if (this.sweeping) return;
    const now = this.parts.now();
    if (activity.waiting !== undefined && this.nextOf(activity, now) === -1) this.sweep(activity, now);
    for (let index = this.nextOf(activity, now); index !== -1; index = this.nextOf(activity, now)) {
      const turn = this.removeWaiting(activity, index);
      if (turn === undefined) return;
      if (!this.parts.isBanned(turn.client)) this.add(activity, turn.res, now);
      process.nextTick(() => this.resume(activity, turn));
    }
  }

  /** Lets everything through that waits, and holds nothing any more. */
  close(): void {
    this.closed = true;
    this.letThrough();
  }

  private letThrough(): void {
    for (const activity of [...this.held])
      while (activity.waiting !== undefined) this.removeWaiting(activity, 0)?.resume(PASS);
  }

  // The next waiting request that may go on; -1 = none. Safe ones do not wait behind those that wait for late ones.
  private nextOf(activity: ClientActivity, now: number): number {
    const { waiting, slots } = activity;
    const [first] = waiting ?? [];
    if (waiting === undefined || first === undefined) return -1;
    if (this.parts.isBanned(first.client)) return 0;
    const limit = this.limitOf(activity, now);
    const { size, late } = slots ?? NONE;
    if (size < limit) return 0;
    return size - late < limit ? waiting.findIndex(({ request }) => isSafe(request)) : -1;
  }

  private fits(activity: ClientActivity, request: RequestView, now: number): boolean {
    const { size, late } = activity.slots ?? NONE;
    return (isSafe(request) ? size - late : size) < this.limitOf(activity, now);
  }

  private limitOf(activity: ClientActivity, now: number): number {
    const { bad } = activity;
    if (bad === undefined) return this.most;
    const count = (now < bad.until ? bad.count : 0) + bad.counting + bad.undecided;
    if (count === 0) {
      activity.bad = undefined;
      return this.most;
    }
    if (count < this.parts.threshold) return this.parts.threshold - count;
    // At the threshold a ban is due. If none comes (massBan: "suspend"), one request after the other goes through.
    return bad.counting + bad.undecided > 0 ? 0 : 1;
  }

  private add(activity: ClientActivity, res: ServerResponse, now: number): void {
    (activity.slots ??= this.pool.pop() ?? new Slots()).add(res, now);
  }

  private recycle(activity: ClientActivity, slots: Slots): void {
    if (slots.size > 0) return;
    activity.slots = undefined;
    if (this.pool.length < MAX_POOL) this.pool.push(slots);
  }

  // Responses with a status count now: pipelined ones may end only when the client has read those before.
  private sweep(activity: ClientActivity, now: number): void {
    const { slots } = activity;
    if (slots === undefined) return;
    const over = slots.removeOver((res, since) => this.stateOf(res, now - since));
    this.recycle(activity, slots);
    this.sweeping = true;
    for (const res of over) if (statusSent(res)) this.parts.countSent(viewOf(res.req), res);
    this.sweeping = false;
  }

  private stateOf(res: ServerResponse, age: number): SlotState {
    const request = viewOf(res.req);
    if (statusSent(res) || request.ownResponse !== undefined) return "over";
    if (age < MAX_FLIGHT_MS) return "in flight";
    if (age >= this.parts.countTime * 1000 || isSafe(request)) return "over";
    return isUpload(request) || this.parts.isExempt(request) ? "over" : "late";
  }

  private poll(): void {
    if (this.parts.isOff()) {
      this.letThrough();
      return;
    }
    const now = this.parts.now();
    for (const activity of [...this.held]) {
      while (activity.waiting?.[0] !== undefined && now - activity.waiting[0].since >= MAX_WAIT_MS)
        this.removeWaiting(activity, 0)?.resume(TOO_MANY);
      this.wake(activity);
    }
  }

  private removeWaiting(activity: ClientActivity, index: number): WaitingRequest | undefined {
    const [removed] = activity.waiting?.splice(index, 1) ?? [];
    if (removed !== undefined) this.waiting--;
    if (activity.waiting?.length === 0) {
      activity.waiting = undefined;
      this.held.delete(activity);
    }
    if (this.held.size === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
    return removed;
  }

  private resume(activity: ClientActivity, { client, request, res, resume }: HeldRequest): void {
    const settle = (verdict: Verdict): void => {
      if (verdict.action !== "pass") this.release(activity, res);
      resume(verdict);
    };
    const verdict = this.judgeAgain(client, request);
    if (!isThenable(verdict)) settle(verdict);
    else
      verdict.then(
        (late) => process.nextTick(settle, late),
        () => process.nextTick(settle, PASS),
      );
  }

  // The request has passed once; what is broken since is told by the next one.
  private judgeAgain(client: Client, request: RequestView): Awaitable<Verdict> {
    try {
      return this.parts.judge(client, request);
    } catch {
      return PASS;
    }
  }
}

function isSafe({ method }: RequestView): boolean {
  return method === "GET" || method === "HEAD";
}

function isUpload(request: RequestView): boolean {
  return !request.message.complete && Number(request.header("content-length") ?? 0) >= UPLOAD_BYTES;
}
