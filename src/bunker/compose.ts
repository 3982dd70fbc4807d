import type { IncomingMessage } from "node:http";
import { isDeepStrictEqual } from "node:util";
import { GateProtection, type AntibotParts } from "../antibot/gate.js";
import type { AntibotResolved } from "../antibot/options.js";
import { BadBehaviorProtection } from "../bad-behavior/bad-behavior-protection.js";
import type { BadBehaviorResolved } from "../bad-behavior/options.js";
import { BunkernetProtection } from "../bunkernet/bunkernet-protection.js";
import type { BunkernetResolved } from "../bunkernet/options.js";
import { DnsblProtection } from "../dnsbl/dnsbl-protection.js";
import type { DnsblResolved } from "../dnsbl/options.js";
import { BanProtection } from "../engine/ban-protection.js";
import type { Context } from "../engine/context.js";
import { Engine, type Middleware } from "../engine/engine.js";
import { Pipeline } from "../engine/pipeline.js";
import type { Gate } from "../engine/protection.js";
import type { SharedResolved } from "../engine/shared-options.js";
import { viewOf } from "../request/request-view.js";

/** The options of all protections, for all services together or for one; `false` = off. */
export interface ProtectionOptions extends SharedResolved {
  antibot: AntibotResolved | false;
  badBehavior: BadBehaviorResolved | false;
  dnsbl: DnsblResolved | false;
  bunkernet: BunkernetResolved | false;
}

/** What is composed. */
export interface CompositionOptions {
  readonly common: ProtectionOptions;
  /** The services that have options of their own. */
  readonly services?: ReadonlyMap<string, ProtectionOptions>;
  /** Whether BunkerNet is on only because it is by default. */
  readonly bunkernetByDefault?: boolean;
}

/** The protections of one service, or of all that have no options of their own. */
interface ServiceProtections {
  readonly pipeline: Pipeline;
  readonly gate: GateProtection | undefined;
  readonly dnsbl: DnsblProtection | undefined;
  readonly bunkernet: BunkernetProtection | undefined;
  readonly badBehavior: BadBehaviorProtection | undefined;
}

/**
 * All protections, in their order: bans, BunkerNet, DNS blocklists, Bad Behavior, the gate. Each service has its own gate and
 * counters; look-ups and lists are shared by the services whose options for them are the same.
 */
export class Composition {
  readonly engine: Engine;
  private readonly common: ServiceProtections;
  private readonly services = new Map<string, ServiceProtections>();
  private readonly sharedDnsbl: [ProtectionOptions, DnsblProtection][] = [];
  private readonly sharedBunkernet: [ProtectionOptions, BunkernetProtection][] = [];

  constructor(
    private readonly context: Context,
    private readonly options: CompositionOptions,
  ) {
    this.common = this.protectionsOf(context, options.common);
    for (const [name, own] of options.services ?? [])
      this.services.set(name, this.protectionsOf(context.forService(own), own));
    const pipelines = [...this.services].map(([name, { pipeline }]) => [name, pipeline] as const);
    this.engine = new Engine(context, this.common.pipeline.protections, new Map(pipelines));
  }

  /** The DNSBL of all services, or of the first that has one. */
  get dnsbl(): DnsblProtection | undefined {
    return this.all.find(({ dnsbl }) => dnsbl !== undefined)?.dnsbl;
  }

  /** BunkerNet of all services, or of the first that takes part. */
  get bunkernet(): BunkernetProtection | undefined {
    return this.all.find(({ bunkernet }) => bunkernet !== undefined)?.bunkernet;
  }

  /** Whether Bad Behavior is on for any service. */
  get countsResponses(): boolean {
    return this.all.some(({ badBehavior }) => badBehavior !== undefined);
  }

  /** The gates of all services as one: each request goes to its own service's. */
  gates(): AntibotParts | undefined {
    const parts = new Map<ServiceProtections, AntibotParts>();
    for (const one of this.all) {
      if (one.gate !== undefined) parts.set(one, one.gate.parts(this.engine));
    }
    const [first] = parts.values();
    if (first === undefined || this.services.size === 0) return first;
    const partsFor = (req: IncomingMessage): AntibotParts | undefined => {
      try {
        return parts.get(this.of(viewOf(req).client(this.context.resolver).service));
      } catch {
        // A `service` hook that throws: any gate calls it again, emits the fault, and refuses (R11).
        return first;
      }
    };
    const dispatch = (make: (part: AntibotParts) => Middleware): Middleware => {
      const made = new Map([...parts.values()].map((part) => [part, make(part)]));
      return (req, res, next) => {
        const part = partsFor(req);
        const middleware = part && made.get(part);
        // Where the gate is off there is nothing to ask for.
        if (middleware === undefined) next();
        else middleware(req, res, next);
      };
    };
    return {
      ...first,
      gate: this.gate,
      router: dispatch((part) => part.router),
      require: (kind) => dispatch((part) => part.require(kind)),
    };
  }

  private get all(): readonly ServiceProtections[] {
    return [this.common, ...this.services.values()];
  }

  private of(service: string | undefined): ServiceProtections {
    return (service === undefined ? undefined : this.services.get(service)) ?? this.common;
  }

  // Protections that several services share send each client to the gate of the service that it asked for.
  private readonly gate: Gate = {
    challenge: (client, request) =>
      this.of(client.service).gate?.challenge(client, request) ?? {
        action: "deny",
        protection: "bans",
        reason: "no gate",
        data: {},
      },
  };

  private protectionsOf(context: Context, options: ProtectionOptions): ServiceProtections {
    const { antibot, badBehavior } = options;
    const gate = antibot === false ? undefined : new GateProtection(context, antibot);
    const gateOf = (): GateProtection | undefined => gate;
    const bans = new BanProtection(context, gateOf);
    const bunkernet = this.bunkernetOf(context, options);
    const dnsbl = this.dnsblOf(context, options);
    const counter =
      badBehavior === false ? undefined : new BadBehaviorProtection(context, badBehavior, gateOf, bans);
    const protections = [bans, bunkernet, dnsbl, counter, gate].filter((one) => one !== undefined);
    return { pipeline: new Pipeline(context, protections), gate, dnsbl, bunkernet, badBehavior: counter };
  }

  // Zones are asked and tested once, however many services look at them in the same way.
  private dnsblOf(context: Context, options: ProtectionOptions): DnsblProtection | undefined {
    const { dnsbl, mode } = options;
    if (dnsbl === false) return undefined;
    const shared = this.sharedDnsbl.find(
      ([other]) => other.mode === mode && isDeepStrictEqual(other.dnsbl, dnsbl),
    );
    if (shared !== undefined) return shared[1];
    const made = new DnsblProtection(context, dnsbl, () => this.gateFor(options) ?? dnsbl.gate?.gate);
    this.sharedDnsbl.push([options, made]);
    return made;
  }

  // One list and one membership: two would report everything twice.
  private bunkernetOf(context: Context, options: ProtectionOptions): BunkernetProtection | undefined {
    const { bunkernet } = options;
    if (bunkernet === false) return undefined;
    const shared = this.sharedBunkernet.find(([other]) => isDeepStrictEqual(other.bunkernet, bunkernet));
    if (shared !== undefined) return shared[1];
    const made: BunkernetProtection = new BunkernetProtection(
      context,
      bunkernet,
      () => this.gateFor(options) ?? bunkernet.gate?.gate,
      this.options.bunkernetByDefault,
      (service) => this.of(service).bunkernet === made,
    );
    this.sharedBunkernet.push([options, made]);
    return made;
  }

  private gateFor({ antibot }: ProtectionOptions): Gate | undefined {
    return antibot === false ? undefined : this.gate;
  }
}
