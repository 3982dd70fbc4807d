import type { BunkerEvent } from "../events/event-bus.js";
import type { MeteredPlace, MeterReader, Refusal, RequestOutcome, TimedWork } from "../meter.js";
import { DEFAULT_SERVICE, UNKNOWN_SERVICE } from "../service-name.js";
import { ChallengeFunnel } from "./challenge-funnel.js";
import { Counters } from "./counters.js";
import { describe, type Family, type FamilyName } from "./families.js";
import { Histogram, histogramLimits, type HistogramName } from "./histogram.js";
import { PROTECTIONS, REASONS } from "./known-values.js";
import { LabelLimit } from "../label-limit.js";
import { RequestCounts } from "./request-counts.js";

const counters = (name: FamilyName, most?: number): Counters => new Counters(describe(name).labels, most);

/** Everything that is counted and timed for one store, from events and from the meter. All of it is bounded. */
export class Measurements implements MeterReader {
  private readonly protection = new LabelLimit(8, { known: PROTECTIONS });
  private readonly reason = new LabelLimit(16, { known: REASONS });
  private readonly service = new LabelLimit(14, { known: [DEFAULT_SERVICE, UNKNOWN_SERVICE] });
  private readonly kind = new LabelLimit(12, { known: [""] });
  private readonly requests = new RequestCounts(this.service);
  private readonly denied = counters("denied_total");
  private readonly challenged = counters("challenged_total");
  private readonly solved = counters("solved_total", 60);
  private readonly failed = counters("failed_total", 60);
  private readonly bans = counters("bans_total");
  private readonly unbans = counters("unbans_total", 20);
  private readonly faults = counters("faults_total", 60);
  private readonly funnel = new ChallengeFunnel(this.kind);
  private readonly times: Readonly<Record<HistogramName, Histogram>>;

  constructor() {
    const { decision, dns, vendor, store, solve } = histogramLimits();
    this.times = {
      decision: new Histogram("decision", decision),
      dns: new Histogram("dns", dns),
      vendor: new Histogram("vendor", vendor),
      store: new Histogram("store", store),
      solve: new Histogram("solve", solve),
    };
  }

  requested(outcome: RequestOutcome, service: string, mode: MeteredPlace["mode"], isFirst: boolean): void {
    this.requests.add(outcome, service, mode, isFirst);
  }

  refused(type: "denied" | "challenged", about: Refusal, { service, mode }: MeteredPlace): void {
    const [protection, reason] = [this.protection.of(about.protection), this.reason.of(about.reason)];
    const where = [this.service.of(service), mode];
    if (type === "denied") this.denied.add([protection, reason, ...where]);
    else this.challenged.add([protection, reason, this.kind.of(kindOf(about.data)), ...where]);
  }

  issued(kind: string, time: number, lifetime: number): void {
    this.funnel.issued(kind, time, lifetime);
  }

  took(work: TimedWork, label: string, ms: number): void {
    this.times[work].observe(label, ms / 1000);
  }

  /** Counts an event. Refusals and challenges of requests come from the meter instead. */
  count(event: BunkerEvent): void {
    const { type, service, mode, data } = event;
    const [protection, reason] = [this.protection.of(event.protection), this.reason.of(event.reason)];
    const where = [this.service.of(service), mode];
    if (type === "banned") this.bans.add([protection, reason, ...where]);
    else if (type === "unbanned") this.unbans.add([this.service.of(service)]);
    else if (type === "fault") this.faults.add([protection, reason]);
    else if (type === "solved" || type === "failed") {
      const kind = kindOf(data);
      const { seconds } = (data ?? {}) as { readonly seconds?: unknown };
      this[type].add([this.kind.of(kind), ...where]);
      if (typeof seconds !== "number") return;
      if (type === "solved") this.times.solve.observe(kind, seconds);
      this.funnel.answered(kind, event.time.getTime() - seconds * 1000);
    }
  }

  /** Returns everything at `now` (ms). */
  families(now: number): Family[] {
    const { issued, abandoned, open } = this.funnel.samples(now);
    const { decision, dns, vendor, store, solve } = this.times;
    const samples = {
      requests_total: this.requests.samples,
      denied_total: this.denied.samples,
      challenged_total: this.challenged.samples,
      issued_total: issued,
      solved_total: this.solved.samples,
      failed_total: this.failed.samples,
      abandoned_total: abandoned,
      challenges_open: open,
      solve_seconds: solve.samples,
      bans_total: this.bans.samples,
      unbans_total: this.unbans.samples,
      faults_total: this.faults.samples,
      decision_seconds: decision.samples,
      dns_seconds: dns.samples,
      vendor_seconds: vendor.samples,
      store_seconds: store.samples,
    } satisfies Partial<Record<FamilyName, Family["samples"]>>;
    return Object.entries(samples).map(([name, of]) => ({ name: name as FamilyName, samples: of }));
  }
}

/** Returns the kind of challenge that an event or a verdict is about; empty if it is about none. */
function kindOf(data: unknown): string {
  const kind = (data as { readonly kind?: unknown } | null | undefined)?.kind;
  return typeof kind === "string" ? kind : "";
}
