import type { IncomingMessage } from "node:http";
import { isDeepStrictEqual } from "node:util";
import type * as GateModule from "../antibot/gate.js";
import type { AntibotParts, GateProtection } from "../antibot/gate.js";
import type { AntibotResolved } from "../antibot/options.js";
import { BadBehaviorProtection } from "../bad-behavior/bad-behavior-protection.js";
import { BunkernetProtection } from "../bunkernet/bunkernet-protection.js";
import type * as DnsblModule from "../dnsbl/dnsbl-protection.js";
import type { DnsblProtection } from "../dnsbl/dnsbl-protection.js";
import { BanProtection } from "../engine/ban-protection.js";
import type { Context } from "../engine/context.js";
import { CarriedPasses } from "../engine/carried-passes.js";
import { Engine, type Middleware } from "../engine/engine.js";
import { Pipeline } from "../engine/pipeline.js";
import type { Gate } from "../engine/protection.js";
import { viewOf } from "../request/request-view.js";
import type { ProtectionOptions } from "./options.js";

/** The options of a {@link Composition}. */
export interface CompositionOptions {
  readonly common: ProtectionOptions;
  /** The services that have options of their own. */
  readonly services?: ReadonlyMap<string, ProtectionOptions>;
  /** Whether BunkerNet is on only because it is by default. */
  readonly bunkernetByDefault?: boolean;
}

/** The protections of one service, or of all services without options of their own. */
interface ServiceProtections {
  readonly pipeline: Pipeline;
  readonly gate: GateProtection | undefined;
  readonly dnsbl: DnsblProtection | undefined;
  readonly bunkernet: BunkernetProtection | undefined;
  readonly badBehavior: BadBehaviorProtection | undefined;
}

/**
 * All protections, in their order: bans, BunkerNet, DNS blocklists, Bad Behavior, the gate. Each service has its own gate and
 * counters; services with the same options for look-ups and lists share them.
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
    this.common = this.makeProtections(context, options.common);
    for (const [name, own] of options.services ?? [])
      this.services.set(name, this.makeProtections(context.forService(own), own));
    const pipelines = [...this.services].map(([name, { pipeline }]) => [name, pipeline] as const);
    this.engine = new Engine(context, this.common.pipeline.protections, new Map(pipelines));
    if (this.all.some(({ gate }) => gate !== undefined)) this.readCarriedPasses();
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

  /** The gates of all services as one, which passes each request to the gate of its service. */
  gates(): AntibotParts | undefined {
    const parts = new Map<ServiceProtections, AntibotParts>();
    for (const one of this.all) {
      if (one.gate !== undefined) parts.set(one, one.gate.parts(this.engine));
    }
    const [first] = parts.values();
    if (first === undefined || this.services.size === 0) return first;
    const partsFor = (req: IncomingMessage): AntibotParts | undefined => {
      try {
        return parts.get(this.protectionsFor(viewOf(req).client(this.context.resolver).service));
      } catch {
        // The `service` hook threw: any gate calls it again, emits the fault, and refuses (R11).
        return first;
      }
    };
    const dispatch = (make: (part: AntibotParts) => Middleware): Middleware => {
      const made = new Map([...parts.values()].map((part) => [part, make(part)]));
      return (req, res, next) => {
        const part = partsFor(req);
        const middleware = part && made.get(part);
        // Services without a gate require no challenge.
        if (middleware === undefined) next();
        else middleware(req, res, next);
      };
    };
    return {
      ...first,
      gate: this.gateOf(undefined),
      router: dispatch((part) => part.router),
      require: (kind) => dispatch((part) => part.require(kind)),
    };
  }

  private get all(): readonly ServiceProtections[] {
    return [this.common, ...this.services.values()];
  }

  // One reader for the gates of all services, however many there are.
  private readCarriedPasses(): void {
    const { resolver, scope } = this.context;
    const stop = scope.get(CarriedPasses).add((bearer, request) => {
      const { service } = request.client(resolver);
      this.protectionsFor(service).gate?.noteCarried(bearer, request);
    });
    this.context.onClose(stop);
  }

  private protectionsFor(service: string | undefined): ServiceProtections {
    return (service === undefined ? undefined : this.services.get(service)) ?? this.common;
  }

  // The gate of a protection that several services share: the gate of the client's service, or else the one in its options.
  private gateOf(separate: Gate | undefined): Gate {
    return {
      challenge: (client, request) =>
        (this.protectionsFor(client.service).gate ?? separate)?.challenge(client, request) ?? {
          action: "deny",
          protection: "bans",
          reason: "no gate",
          data: {},
        },
    };
  }

  private makeProtections(context: Context, options: ProtectionOptions): ServiceProtections {
    const { antibot, badBehavior } = options;
    const gate = antibot === false ? undefined : makeGate(context, antibot);
    const [separate] = [badBehavior, options.dnsbl, options.bunkernet].flatMap((one) =>
      one === false ? [] : (one.gate ?? []),
    );
    const bans = new BanProtection(context, () => gate ?? separate?.gate);
    const bunkernet = this.makeBunkernet(context, options);
    const dnsbl = this.makeDnsbl(context, options);
    const counter =
      badBehavior === false
        ? undefined
        : new BadBehaviorProtection(context, badBehavior, () => gate ?? badBehavior.gate?.gate, bans);
    const protections = [bans, bunkernet, dnsbl, counter, gate].filter((one) => one !== undefined);
    return { pipeline: new Pipeline(context, protections), gate, dnsbl, bunkernet, badBehavior: counter };
  }

  // Each zone is queried and tested once for all services with the same options.
  private makeDnsbl(context: Context, options: ProtectionOptions): DnsblProtection | undefined {
    const { antibot, dnsbl, mode } = options;
    if (dnsbl === false) return undefined;
    const shared = this.sharedDnsbl.find(
      ([other]) => other.mode === mode && isDeepStrictEqual(other.dnsbl, dnsbl),
    );
    if (shared !== undefined) return shared[1];
    const separate = dnsbl.gate?.gate;
    const gate = antibot === false && separate === undefined ? undefined : this.gateOf(separate);
    // It is off by default, so it is loaded with the first one.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const { DnsblProtection } = require("../dnsbl/dnsbl-protection.js") as typeof DnsblModule;
    const made = new DnsblProtection(context, dnsbl, () => gate);
    this.sharedDnsbl.push([options, made]);
    return made;
  }

  // One list and one registration: two would report every client twice.
  private makeBunkernet(context: Context, options: ProtectionOptions): BunkernetProtection | undefined {
    const { antibot, bunkernet } = options;
    if (bunkernet === false) return undefined;
    const shared = this.sharedBunkernet.find(([other]) => isDeepStrictEqual(other.bunkernet, bunkernet));
    if (shared !== undefined) return shared[1];
    const separate = bunkernet.gate?.gate;
    const gate = antibot === false && separate === undefined ? undefined : this.gateOf(separate);
    const made: BunkernetProtection = new BunkernetProtection(context, bunkernet, () => gate, {
      byDefault: this.options.bunkernetByDefault,
      takesPart: (service) => this.protectionsFor(service).bunkernet === made,
    });
    this.sharedBunkernet.push([options, made]);
    return made;
  }
}

// The gate is half of the package, so it is loaded with the first one.
function makeGate(context: Context, options: AntibotResolved): GateProtection {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { GateProtection } = require("../antibot/gate.js") as typeof GateModule;
  return new GateProtection(context, options);
}
