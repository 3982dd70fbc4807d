import type { Hits } from "../store/store.js";
import type { Awaitable } from "../awaitable.js";
import type { Client } from "../request/client.js";
import { BunkerHookError, messageOf, StoreFailure } from "../errors.js";
import { exclusionOf } from "../engine/exclusions.js";
import type { Gate, ObservedResponse, Protection, ProtectionExplanation } from "../engine/protection.js";
import type { RequestView } from "../request/request-view.js";
import type { Context } from "../engine/context.js";
import { PASS, type Verdict } from "../request/verdict.js";
import { isThenable } from "../awaitable.js";
import { evidenceOf, noteOf, type Evidence } from "./evidence.js";
import { MassBanWatch } from "./mass-ban-watch.js";
import type { BadBehaviorResolved } from "./options.js";
import { UNKNOWN_SERVICE } from "../service-name.js";

/** What a ban by this protection is called, as in BunkerWeb. */
export const REASON = "bad behavior";

/** Earlier bans of a client are remembered this long for growing bans, in seconds. */
const BAN_MEMORY = 2_592_000;

/** Counts bad answers in an exact sliding window and bans who earns too many. */
export class BadBehaviorProtection implements Protection {
  readonly name = "bad-behavior";
  readonly banTime: number;
  private readonly counted = new Uint8Array(600);
  private readonly watch: MassBanWatch;
  /** Clients whose last answer is still being counted by a store that answers later: their next request waits for it. */
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
  }

  judge(client: Client, request: RequestView): Awaitable<Verdict> {
    this.watch.addActive(client.key, this.context.now());
    const counting = this.pending.size === 0 ? undefined : this.pending.get(client.key);
    return counting === undefined ? PASS : counting.then(() => this.bans.judge(client, request));
  }

  observe({ client, request, status }: ObservedResponse): void {
    // Our own responses are no evidence, except to a challenge that was answered wrongly (R15, R23).
    if (this.counted[status] !== 1 || request.ownResponse === "refused") return;
    if (this.exemption(client, request) !== undefined) return;
    // A banned client earns nothing more. One that is only challenged must earn its next ban as any other does.
    if (this.context.banIndex.find(client, client.service)?.action === "deny") return;
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
    this.later(client, request, () => {
      const hits = this.context.store.hit(this.counterKey(client), countTime, threshold, { weight, note });
      return isThenable(hits)
        ? hits.then((late) => this.weighed(late, client, request))
        : this.weighed(hits, client, request);
    });
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
      const answer = weight(request.raw as never, status);
      if (Number.isSafeInteger(answer) && (answer as number) >= 0) return answer as number;
      throw new BunkerHookError("weight", "must answer a whole number from 0 at once");
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
    if (hits.count < this.options.threshold) return undefined;
    const { active, affected, isMass } = this.watch.addBanned();
    const { massBan } = this.options;
    if (isMass) {
      const what =
        massBan === "suspend"
          ? "no bans are written for now"
          : 'bans go on (massBan: "suspend" would stop them)';
      this.context.events.warn(
        "WRN_BUNKER_MASS_BAN",
        `${affected} of ${active} active clients earned a ban within ${this.options.countTime} s, as when a deploy breaks; ${what}`,
        String(Math.floor(this.context.now() / 3_600_000)),
      );
      if (massBan === "suspend") return undefined;
    }
    return this.ban(client, request, evidenceOf(hits.notes));
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
          { protection: this.name, reason: REASON, data: { scope, evidence } },
          client,
          request,
        );
      }
      return;
    }
    // R24: what another site's page made a browser ask for earns a challenge, or a short ban.
    const before = this.context.banIndex.find(client, client.service);
    const challenge =
      gate !== undefined && before === undefined && (crossSite || this.options.banAction === "challenge");
    const ttl = crossSite ? this.options.countTime : await this.banTimeOf(client);
    await this.context.bans.add(client.key, {
      reason: REASON,
      ttl,
      scope,
      service: client.service ?? UNKNOWN_SERVICE,
      address: client.ip,
      data: evidence,
      action: challenge ? "challenge" : "deny",
      // It gets here with banLocal only, which is how a gate is tried out on one's own machine.
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
    // What led to a challenge is settled by it; the next ban wants new evidence.
    if (challenge) await this.context.store.delete(this.counterKey(client));
  }

  private banTimeOf(client: Client): Awaitable<number> {
    const { banTime, banFactor } = this.options;
    return banTime === 0 || banFactor === 1 ? banTime : this.grownBanTime(client);
  }

  private async grownBanTime(client: Client): Promise<number> {
    const { banTime, banFactor, maxBanTime } = this.options;
    const earlier = (await this.context.store.increment(`hit:${client.key}|bb|bans`, 1, BAN_MEMORY)) - 1;
    return Math.max(banTime, Math.min(maxBanTime, Math.round(banTime * banFactor ** Math.min(earlier, 64))));
  }

  // Runs `work`; while it takes time, the client's next request waits for it. Failures are told, never thrown.
  private later(client: Client, request: RequestView, work: () => Awaitable<void>): void {
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
