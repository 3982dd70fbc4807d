import type { ServerResponse } from "node:http";
import type { Hits } from "../store/store.js";
import { isThenable, type Awaitable } from "../awaitable.js";
import type { Client } from "../request/client.js";
import { BunkerHookError, messageOf, StoreFailure } from "../errors.js";
import { CarriedPasses } from "../engine/carried-passes.js";
import { HOUR_MS } from "../events/active-warnings.js";
import { exclusionOf } from "../engine/exclusions.js";
import type { Figure } from "../engine/figure.js";
import type { Gate, HeldRequest, Protection, ProtectionExplanation } from "../engine/protection.js";
import type { RequestFailure, RequestView } from "../request/request-view.js";
import type { Context } from "../engine/context.js";
import { PASS, type Verdict } from "../request/verdict.js";
import { BadBehaviorBans } from "./bad-behavior-bans.js";
import { ClientActivities, ClientActivity } from "./client-activity.js";
import { Departures } from "./departures.js";
import { noteOf, type Evidence } from "./evidence.js";
import { InFlightLimit } from "./in-flight-limit.js";
import type { BadBehaviorResolved } from "./options.js";

/** The status of a request whose client left before the app set one. */
const CLIENT_LEFT = 499;

/** Counts bad responses in an exact sliding window, and bans clients that get too many. */
export class BadBehaviorProtection implements Protection {
  readonly name = "bad-behavior";
  readonly banTime: number;
  private readonly bans: BadBehaviorBans;
  private readonly counted = new Uint8Array(600);
  private readonly clients: ClientActivities;
  private readonly inFlight: InFlightLimit;
  private readonly departures: Departures;
  private readonly carried: CarriedPasses;
  /** The client of the last request: admission comes right after judgement. */
  private last: ClientActivity | undefined;
  private lastNow = 0;
  /** Clients whose last response the store is still counting: their next request waits for it. */
  private readonly pending = new Map<string, Promise<void>>();

  constructor(
    private readonly context: Context,
    private readonly options: BadBehaviorResolved,
    gate: () => Gate | undefined,
    private readonly banProtection: Protection,
  ) {
    this.banTime = options.banTime;
    this.bans = new BadBehaviorBans(context, options, gate);
    for (const status of options.statusCodes) this.counted[status] = 1;
    if (options.banScope === "service") context.warnOfUnnamedService();
    this.carried = context.scope.get(CarriedPasses);
    this.clients = new ClientActivities(options.countTime);
    const { now } = context;
    this.inFlight = new InFlightLimit({
      threshold: options.threshold,
      countTime: options.countTime,
      now,
      isExempt: (request, client = request.knownClient(context.resolver)) =>
        client === undefined || this.exemption(client, request) !== undefined,
      isBanned: (client) => this.isBanned(client),
      isOff: () => context.mode === "detect",
      judge: (client, request) => this.banProtection.judge(client, request),
      countSent: (request, res) => this.countSent(request, res),
    });
    this.departures = new Departures(
      options.countTime,
      now,
      ({ activity, client, request, res, weight }, status) => {
        if (status !== undefined) this.countStatus(client, request, status);
        else if (weight > 0) this.countOnce(client, request, CLIENT_LEFT, weight);
        this.inFlight.release(activity, res);
      },
    );
  }

  judge(client: Client, request: RequestView): Awaitable<Verdict> {
    this.lastNow = this.context.now();
    this.last = this.clients.visit(client.key, this.lastNow);
    const counting = this.pending.size === 0 ? undefined : this.pending.get(client.key);
    return counting === undefined ? PASS : counting.then(() => this.banProtection.judge(client, request));
  }

  admit(client: Client, request: RequestView, res: ServerResponse): boolean {
    if (this.context.mode === "detect" || this.isNeverCounted(client)) return true;
    const activity = this.activityOf(client);
    request.activity ??= activity;
    return this.inFlight.take(activity, res, this.lastNow);
  }

  hold(held: HeldRequest): void {
    this.inFlight.hold(this.activityOf(held.client), held);
  }

  observe(client: Client, request: RequestView, status: number, res?: ServerResponse): void {
    this.countStatus(client, request, status);
    if (res === undefined) return;
    const { activity: known } = request;
    const activity =
      known instanceof ClientActivity && known.owner === this.clients && known.window >= 0
        ? known
        : this.clients.get(client.key);
    if (activity !== undefined) this.inFlight.release(activity, res);
  }

  left(client: Client, request: RequestView, res: ServerResponse): void {
    const activity = this.activityOf(client);
    if (this.inFlight.forget(activity, res)) return;
    if (request.ownResponse !== undefined || this.exemption(client, request) !== undefined) {
      this.inFlight.release(activity, res);
      return;
    }
    const weight = this.weigh(request, CLIENT_LEFT);
    this.departures.add({ activity, client, request, res, weight });
    // Until its status is known it counts as bad, which holds back the next requests as its slot did.
    if (weight > 0) this.inFlight.release(activity, res);
  }

  fail(client: Client, request: RequestView, failure: RequestFailure): void {
    // Callers in JavaScript may pass anything.
    const isObject = typeof failure === "object" && (failure as unknown) !== null;
    const { reason, weight = 1 }: { reason?: unknown; weight?: unknown } = isObject ? failure : {};
    if (this.exemption(client, request) !== undefined || this.isBanned(client)) return;
    const right = Number.isSafeInteger(weight) && (weight as number) >= 1;
    if (!isObject || !right) {
      const problem = isObject
        ? "weight must be a whole number from 1"
        : "the argument must be an object { reason, weight }";
      this.fault("argument", `req.bunker.fail: ${problem}; it counts as 1`, client, request);
    }
    const text = typeof reason === "string" ? reason : "failed";
    this.count(client, request, { status: 0, weight: right ? (weight as number) : 1, reason: text });
  }

  badCountOf(clientKey: string): { readonly count: number; readonly threshold: number } {
    const bad = this.clients.get(clientKey)?.bad;
    const count = bad === undefined || bad.until <= this.context.now() ? 0 : bad.count + bad.counting;
    return { count, threshold: this.options.threshold };
  }

  figures(): readonly Figure[] {
    return [{ name: "queue_length", value: this.inFlight.waiting, labels: { queue: "requests" } }];
  }

  close(): void {
    this.inFlight.close();
    this.departures.close();
  }

  explain(client: Client, request: RequestView): ProtectionExplanation {
    const { threshold, countTime, statusCodes } = this.options;
    const why = this.exemption(client, request);
    return why === undefined
      ? {
          verdict: "pass",
          reason: "the answer may count",
          data: { threshold, countTime, statusCodes: [...statusCodes] },
        }
      : { verdict: "pass", reason: `the answer does not count: ${why}` };
  }

  private countStatus(client: Client, request: RequestView, status: number): void {
    // Our own responses do not count, except to a wrong solution of a challenge (R15, R23).
    if (this.counted[status] !== 1 || request.ownResponse === "refused") return;
    if (this.exemption(client, request) !== undefined) return;
    this.countOnce(client, request, status, this.weigh(request, status));
  }

  private countOnce(client: Client, request: RequestView, status: number, weight: number): void {
    // Nothing more counts for a banned client, unless its ban only challenges it.
    if (this.isBanned(client) || !request.countOnce(this.context.events)) return;
    if (weight > 0) this.count(client, request, { status, weight });
  }

  private countSent(request: RequestView, res: ServerResponse): void {
    const client = request.knownClient(this.context.resolver);
    if (client !== undefined) this.countStatus(client, request, res.statusCode);
  }

  private count(
    client: Client,
    request: RequestView,
    bad: { status: number; weight: number; reason?: string },
  ): void {
    const { threshold, countTime } = this.options;
    const { status, weight, reason } = bad;
    // A ban makes the passes of all counted requests void.
    this.carried.note(client, request);
    if (this.context.meter.isHeard) this.context.meter.counted(status, request);
    const note = noteOf(request, status, this.context.now(), reason);
    const activity = this.activityOf(client);
    activity.badCount.counting += weight;
    const counted = (hits: Hits): Awaitable<void> => {
      const { badCount } = activity;
      badCount.count = hits.count;
      badCount.until = this.context.now() + countTime * 1000;
      return hits.count < threshold ? undefined : this.weighed(hits, client, request);
    };
    const settle = (): void => {
      activity.forgetBad();
      this.inFlight.wake(activity);
      if (activity.bad === undefined && this.isBanned(client))
        this.clients.forget(activity, this.context.now());
    };
    // A store that was late tells the count of all instances later (R39).
    const late = (hits: Hits): void => this.run(client, request, { work: () => counted(hits), done: settle });
    this.run(client, request, {
      work: () => {
        const options = { weight, note, late };
        const hits = this.context.store.hit(this.bans.counterKey(client), countTime, threshold, options);
        return isThenable(hits) ? hits.then(counted) : counted(hits);
      },
      done: () => {
        activity.badCount.counting -= weight;
        settle();
      },
    });
  }

  private activityOf({ key }: Client): ClientActivity {
    const { last } = this;
    return last?.key === key && last.window >= 0 ? last : this.clients.visit(key, this.context.now());
  }

  private isBanned(client: Client): boolean {
    return this.context.banIndex.find(client, client.service)?.action === "deny";
  }

  // Why responses to this request never count; `undefined` = they may.
  private exemption(client: Client, request: RequestView): string | undefined {
    if (this.isNeverCounted(client))
      return client.identity.isProxy ? "a trusted proxy" : "not a global address";
    return exclusionOf(this.options, client, request);
  }

  private isNeverCounted(client: Client): boolean {
    return client.identity.isProxy || (!client.isGlobal && !this.context.options.banLocal);
  }

  private weigh(request: RequestView, status: number): number {
    const { weight } = this.options;
    // Browsers abort GET requests by the dozen.
    const aborted = status === CLIENT_LEFT && (request.method === "GET" || request.method === "HEAD");
    if (typeof weight !== "function") return weight[status] ?? (aborted ? 0 : 1);
    if (aborted) return 0;
    try {
      const result = weight(request.raw as never, status);
      if (Number.isSafeInteger(result) && (result as number) >= 0) return result as number;
      throw new BunkerHookError("weight", "must return a whole number from 0, not a promise");
    } catch (error) {
      this.fault("hook", error, undefined, request);
      return 1;
    }
  }

  private async weighed(hits: Hits, client: Client, request: RequestView): Promise<void> {
    const isDue = !this.isBanned(client) && !this.isSuspended();
    if (isDue)
      await this.bans.add(
        client,
        request,
        hits.notes.map((note) => JSON.parse(note) as Evidence),
      );
    // What a ban has answered no longer counts here.
    this.activityOf(client).badCount.count = 0;
  }

  // Whether so many clients would be banned that none is.
  private isSuspended(): boolean {
    const { active, affected, isMass } = this.clients.addBanned();
    if (!isMass) return false;
    const suspend = this.options.massBan === "suspend";
    const what = suspend
      ? "no bans are written for now"
      : 'they are banned (massBan: "suspend" would stop that)';
    this.context.events.warn(
      "WRN_BUNKER_MASS_BAN",
      `${affected} of ${active} active clients reached the ban threshold within ${this.options.countTime} s, which a broken deploy can cause; ${what}`,
      "bad behavior",
      { level: "alarm", lasts: HOUR_MS, again: HOUR_MS },
    );
    return suspend;
  }

  // Runs `work`, then `done`; the client's next request waits for it. Errors are emitted as faults, never thrown.
  private run(
    client: Client,
    request: RequestView,
    { work, done }: { work: () => Awaitable<void>; done: () => void },
  ): void {
    let result: Awaitable<void> = undefined;
    try {
      result = work();
    } catch (error) {
      this.fault(error instanceof StoreFailure ? "store" : "exception", error, client, request);
    }
    if (!isThenable(result)) {
      done();
      return;
    }
    const settled = Promise.resolve(result)
      .catch((error: unknown) =>
        this.fault(error instanceof StoreFailure ? "store" : "exception", error, client, request),
      )
      .then(done);
    const waiting = Promise.all([this.pending.get(client.key), settled]).then(() => {
      if (this.pending.get(client.key) === waiting) this.pending.delete(client.key);
    });
    this.pending.set(client.key, waiting);
  }

  private fault(reason: string, error: unknown, client: Client | undefined, request: RequestView): void {
    this.context.emit("fault", { protection: this.name, reason, data: messageOf(error) }, client, request);
  }
}
