import type { Hits } from "../store/store.js";
import { isThenable, type Awaitable } from "../awaitable.js";
import type { Client } from "../request/client.js";
import { BunkerHookError, messageOf, StoreFailure } from "../errors.js";
import { exclusionOf } from "../engine/exclusions.js";
import type { Gate, ObservedResponse, Protection, ProtectionExplanation } from "../engine/protection.js";
import type { RequestView } from "../request/request-view.js";
import type { Context } from "../engine/context.js";
import { PASS, type Verdict } from "../request/verdict.js";
import { evidencePath } from "./evidence-path.js";
import { MassBanWatch } from "./mass-ban-watch.js";
import type { BadBehaviorResolved } from "./options.js";
import { UNKNOWN_SERVICE } from "../service-name.js";

/** The reason of bans by this protection, as in BunkerWeb. */
export const REASON = "bad behavior";

/** How long earlier bans of a client count for `banFactor`, in seconds. */
const BAN_MEMORY = 2_592_000;

/** A ban keeps the newest so many counted responses. */
const MAX_EVIDENCE = 3;

/** A counted response in the data of a ban. */
export interface Evidence {
  /** When: ISO 8601, UTC. */
  readonly date: string;
  /** The reference id of the request. */
  readonly id: string;
  readonly method: string;
  /** The canonical path without its query: percent-encoded ASCII, at most 64 characters. */
  readonly path: string;
  readonly status: number;
  /** `true` if a page of another site caused the request. */
  readonly crossSite?: boolean;
}

/** Counts bad responses in an exact sliding window, and bans clients that get too many. */
export class BadBehaviorProtection implements Protection {
  readonly name = "bad-behavior";
  readonly banTime: number;
  private readonly counted = new Uint8Array(600);
  private readonly watch: MassBanWatch;
  /** Clients whose last response the store is still counting: their next request waits for it. */
  private readonly pending = new Map<string, Promise<void>>();

  constructor(
    private readonly context: Context,
    private readonly options: BadBehaviorResolved,
    private readonly gate: () => Gate | undefined,
    private readonly bans: Protection,
  ) {
    this.banTime = options.banTime;
    for (const status of options.statusCodes) this.counted[status] = 1;
    this.watch = new MassBanWatch(options.countTime);
    if (options.banScope === "service") context.warnOfUnnamedService();
  }

  judge(client: Client, request: RequestView): Awaitable<Verdict> {
    this.watch.addActive(client.key, this.context.now());
    const counting = this.pending.size === 0 ? undefined : this.pending.get(client.key);
    return counting === undefined ? PASS : counting.then(() => this.bans.judge(client, request));
  }

  observe({ client, request, status }: ObservedResponse): void {
    // Our own responses do not count, except to a wrong solution of a challenge (R15, R23).
    if (this.counted[status] !== 1 || request.ownResponse === "refused") return;
    if (this.exemption(client, request) !== undefined) return;
    // Nothing more counts for a banned client, unless its ban only challenges it.
    if (this.isBanned(client)) return;
    if (!request.countOnce(this.context.events)) return;
    const weight = this.weigh(request, status);
    if (weight > 0) this.count(client, request, status, weight);
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

  private count(client: Client, request: RequestView, status: number, weight: number): void {
    const { threshold, countTime } = this.options;
    const note = noteOf(request, status, this.context.now());
    // A store that was late tells the count of all instances later (R39).
    const late = (hits: Hits): void => this.run(client, request, () => this.weighed(hits, client, request));
    this.run(client, request, () => {
      const options = { weight, note, late };
      const hits = this.context.store.hit(this.counterKey(client), countTime, threshold, options);
      return isThenable(hits)
        ? hits.then((found) => this.weighed(found, client, request))
        : this.weighed(hits, client, request);
    });
  }

  private isBanned(client: Client): boolean {
    return this.context.banIndex.find(client, client.service)?.action === "deny";
  }

  // Why responses to this request never count; `undefined` = they may.
  private exemption(client: Client, request: RequestView): string | undefined {
    if (client.identity.isProxy) return "a trusted proxy";
    if (!client.isGlobal && !this.context.options.banLocal) return "not a global address";
    return exclusionOf(this.options, client, request);
  }

  private weigh(request: RequestView, status: number): number {
    const { weight } = this.options;
    if (typeof weight !== "function") return weight[status] ?? 1;
    try {
      const result = weight(request.raw as never, status);
      if (Number.isSafeInteger(result) && (result as number) >= 0) return result as number;
      throw new BunkerHookError("weight", "must return a whole number from 0, not a promise");
    } catch (error) {
      this.fault("hook", error, undefined, request);
      return 1;
    }
  }

  private scopeOf(client: Client): "service" | "global" {
    return client.service === undefined ? "global" : this.options.banScope;
  }

  private counterKey(client: Client): string {
    return `hit:${client.key}|bb|${this.scopeOf(client) === "global" ? "*" : (client.service as string)}`;
  }

  private weighed(hits: Hits, client: Client, request: RequestView): Awaitable<void> {
    if (hits.count < this.options.threshold || this.isBanned(client)) return undefined;
    const { active, affected, isMass } = this.watch.addBanned();
    const { massBan } = this.options;
    if (isMass) {
      const what =
        massBan === "suspend"
          ? "no bans are written for now"
          : 'they are banned (massBan: "suspend" would stop that)';
      this.context.events.warn(
        "WRN_BUNKER_MASS_BAN",
        `${affected} of ${active} active clients reached the ban threshold within ${this.options.countTime} s, which a broken deploy can cause; ${what}`,
        String(Math.floor(this.context.now() / 3_600_000)),
      );
      if (massBan === "suspend") return undefined;
    }
    return this.ban(
      client,
      request,
      hits.notes.map((note) => JSON.parse(note) as Evidence),
    );
  }

  private async ban(client: Client, request: RequestView, evidence: Evidence[]): Promise<void> {
    const crossSite = evidence.length > 0 && evidence.every((one) => one.crossSite === true);
    const gate = this.gate();
    const scope = this.scopeOf(client);
    if (this.context.options.mode === "detect") {
      if (
        await this.context.store.add(
          `cache:${client.key}|bb|detected|${client.service ?? "*"}`,
          "1",
          this.options.banTime,
        )
      ) {
        this.context.emit(
          "banned",
          { protection: this.name, reason: REASON, data: { scope, evidence: evidence.slice(-MAX_EVIDENCE) } },
          client,
          request,
        );
      }
      return;
    }
    // R24: requests that another site's page caused lead to a challenge, or a short ban.
    const before = this.context.banIndex.find(client, client.service);
    const challenge =
      gate !== undefined && before === undefined && (crossSite || this.options.banAction === "challenge");
    const ttl = crossSite ? this.options.countTime : await this.banTimeOf(client);
    const { isNew } = await this.context.bans.addUnlessBanned(client.key, {
      reason: REASON,
      ttl,
      scope,
      service: client.service ?? UNKNOWN_SERVICE,
      address: client.ip,
      data: evidence.slice(-MAX_EVIDENCE),
      holdTime: this.options.countTime,
      merge: this.options.mergeBans,
      action: challenge ? "challenge" : "deny",
      // A loopback client gets here with `banLocal` only, as when trying a gate out on one's own machine.
      force: client.isLoopback,
      source: {
        protection: this.name,
        id: request.id,
        method: request.method,
        path: request.path.path,
        passHolder: request.pass !== undefined,
        origin: { client, request },
      },
    });
    // The next ban needs new evidence.
    if (challenge) await this.context.store.delete(this.counterKey(client));
    if (isNew && this.grows && !crossSite)
      await this.context.store.increment(earlierBansKey(client), 1, BAN_MEMORY);
  }

  private get grows(): boolean {
    return this.options.banTime !== 0 && this.options.banFactor !== 1;
  }

  // Counted only once the ban is written: several instances may be about to ban this client.
  private async banTimeOf(client: Client): Promise<number> {
    const { banTime, banFactor, maxBanTime } = this.options;
    if (!this.grows) return banTime;
    const earlier = Number((await this.context.store.get(earlierBansKey(client))) ?? 0);
    return Math.max(banTime, Math.min(maxBanTime, Math.round(banTime * banFactor ** Math.min(earlier, 64))));
  }

  // Runs `work`; the client's next request waits for it. Errors are emitted as faults, never thrown.
  private run(client: Client, request: RequestView, work: () => Awaitable<void>): void {
    let done: Awaitable<void>;
    try {
      done = work();
    } catch (error) {
      this.fault(error instanceof StoreFailure ? "store" : "exception", error, client, request);
      return;
    }
    if (!isThenable(done)) return;
    const settled = Promise.resolve(done).catch((error: unknown) =>
      this.fault(error instanceof StoreFailure ? "store" : "exception", error, client, request),
    );
    const waiting = Promise.all([this.pending.get(client.key), settled]).then(() => {
      if (this.pending.get(client.key) === waiting) this.pending.delete(client.key);
    });
    this.pending.set(client.key, waiting);
  }

  private fault(reason: string, error: unknown, client: Client | undefined, request: RequestView): void {
    this.context.emit("fault", { protection: this.name, reason, data: messageOf(error) }, client, request);
  }
}

function earlierBansKey({ key }: Client): string {
  return `hit:${key}|bb|bans`;
}

/** Returns the note that the store keeps with a counted response. */
function noteOf(request: RequestView, status: number, now: number): string {
  // Only browsers send this header. A page of another site can make them request many missing pictures and a few missing pages.
  const crossSite = request.header("sec-fetch-site") === "cross-site";
  const evidence: Evidence = {
    date: new Date(now).toISOString(),
    id: request.id,
    method: request.method.slice(0, 8),
    path: evidencePath(request.path.path),
    status,
    ...(crossSite ? { crossSite } : {}),
  };
  return JSON.stringify(evidence);
}
