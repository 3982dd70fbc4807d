import type { ResolverOption } from "../dns/resolver-option.js";
import type { BunkerEvent } from "../events/event-bus.js";
import type { MeteredPlace, MeteredRequest, MeterReader, Refusal } from "../meter.js";
import { Crawlers } from "./crawlers.js";
import { Feeds } from "./feeds.js";
import { ListHits } from "./list-hits.js";
import { OneAddress } from "./one-address.js";
import { OnePath } from "./one-path.js";
import { PassHolders } from "./pass-holders.js";
import type { SignContext } from "./sign.js";
import { SolveRate } from "./solve-rate.js";

/** What the signs need to know of the options. */
export interface SignOptions {
  /** The patterns of `ignoreUri`, as text. */
  readonly ignored: { readonly antibot: readonly string[]; readonly badBehavior: readonly string[] };
  /** What is asked for the names of crawlers; `false` = nothing. */
  readonly resolver: ResolverOption | undefined | false;
}

/** Every sign that visitors are refused by mistake. */
export class Signs implements MeterReader {
  private readonly oneAddress: OneAddress;
  private readonly passHolders: PassHolders;
  private readonly solveRate: SolveRate;
  private readonly listHits: ListHits;
  private readonly onePath: OnePath;
  private readonly feeds: Feeds;
  private readonly crawlers: Crawlers | undefined;

  constructor(context: SignContext, { ignored, resolver }: SignOptions) {
    this.oneAddress = new OneAddress(context);
    this.passHolders = new PassHolders(context, ignored.badBehavior);
    this.solveRate = new SolveRate(context);
    this.listHits = new ListHits(context);
    this.onePath = new OnePath(context, ignored.badBehavior);
    this.feeds = new Feeds(context, ignored.antibot);
    this.crawlers = resolver === false ? undefined : new Crawlers(context, resolver);
  }

  sampled(request: MeteredRequest, isProxy: boolean): void {
    // Where a trusted proxy names no client, WRN_BUNKER_NOT_FORWARDED says so.
    if (!isProxy) this.oneAddress.sampled(request);
  }

  refused(
    type: "denied" | "challenged",
    refusal: Refusal,
    _place: MeteredPlace,
    request: MeteredRequest,
  ): void {
    const { protection } = refusal;
    if (protection === "dnsbl" || protection === "bunkernet") this.listHits.refused(refusal, request);
    if (type === "challenged") this.feeds.challenged(request);
    this.crawlers?.refused(type, refusal, request);
  }

  counted(status: number, request: MeteredRequest): void {
    this.onePath.counted(status, request);
  }

  issued(): void {
    this.solveRate.issued();
  }

  solved(): void {
    this.solveRate.solved();
  }

  banned(event: BunkerEvent): void {
    this.passHolders.banned(event);
  }

  close(): void {
    this.crawlers?.close();
  }
}
