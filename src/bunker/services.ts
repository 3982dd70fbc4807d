import type { IncomingMessage } from "node:http";
import { isDeepStrictEqual } from "node:util";
import type { AntibotParts } from "../antibot/antibot.js";
import { GateProtection } from "../antibot/gate.js";
import { BadBehaviorProtection } from "../bad-behavior/bad-behavior-protection.js";
import type { BunkerResolved } from "./options.js";
import { BunkernetProtection } from "../bunkernet/bunkernet-protection.js";
import { BanProtection } from "../engine/ban-protection.js";
import { Engine, type Middleware } from "../engine/engine.js";
import type { Gate, Protection } from "../engine/protection.js";
import { viewOf } from "../request/request-view.js";
import type { Context } from "../engine/context.js";
import { ServicesEngine } from "../engine/services-engine.js";
import { judgeUpgrade } from "../engine/upgrade.js";
import { DnsblProtection } from "../dnsbl/dnsbl-protection.js";

/** What runs for one service, or for all that have no options of their own. */
interface Site {
  readonly engine: Engine;
  readonly gate: GateProtection | undefined;
  readonly lists: DnsblProtection | undefined;
  readonly network: BunkernetProtection | undefined;
  readonly counts: boolean;
}

/** The protections of all services. Each has its own gate and counting; what asks others is shared where it does not differ. */
export class BunkerServices {
  readonly engine: Engine;
  /** What judges connections, which ask for no service and no page yet: there is nothing that a gate could show. */
  readonly sockets: Engine;
  private readonly common: Site;
  private readonly services: ReadonlyMap<string, Site>;
  private readonly madeLists: { readonly of: BunkerResolved; readonly made: DnsblProtection }[] = [];
  private readonly madeNetworks: { readonly of: BunkerResolved; readonly made: BunkernetProtection }[] = [];

  /** @param byDefault whether BunkerNet is on only because nobody said otherwise (R29) */
  constructor(
    private readonly context: Context,
    common: BunkerResolved,
    services: ReadonlyMap<string, BunkerResolved>,
    private readonly byDefault: boolean,
  ) {
    this.common = this.site(context, common);
    this.services = new Map(
      [...services].map(([name, own]) => [name, this.site(context.forService(own), own)] as const),
    );
    const { engine, gate } = this.common;
    const engines = new Map([...this.services].map(([name, site]) => [name, site.engine] as const));
    this.engine = engines.size === 0 ? engine : new ServicesEngine(context, engine.protections, engines);
    this.sockets = new Engine(
      context,
      engine.protections.filter((protection) => protection !== gate),
    );
  }

  /** The look-ups of all services, or of the first that has any. */
  get dnsbl(): DnsblProtection | undefined {
    return this.all.find(({ lists }) => lists !== undefined)?.lists;
  }

  /** BunkerNet for all services, or for the first that takes part. */
  get bunkernet(): BunkernetProtection | undefined {
    return this.all.find(({ network }) => network !== undefined)?.network;
  }

  /** Whether bad answers are counted anywhere. */
  get counts(): boolean {
    return this.all.some(({ counts }) => counts);
  }

  /** The gates of all services as one: each request is its own service's affair. */
  gates(): AntibotParts | undefined {
    const parts = new Map<Site, AntibotParts>();
    for (const site of this.all) {
      const { gate } = site;
      if (gate === undefined) continue;
      parts.set(site, {
        uri: gate.uri,
        gate,
        router: gate.router(),
        require: (kind) => gate.require(kind),
        upgrade: (req, socket) => judgeUpgrade(this.engine, req, socket),
      });
    }
    const [first] = parts.values();
    if (first === undefined || this.services.size === 0) return first;
    const partsFor = (req: IncomingMessage): AntibotParts | undefined => {
      try {
        return parts.get(this.siteOf(viewOf(req).client(this.context.resolver).service));
      } catch {
        // A `service` hook that throws: any gate asks again, tells of it, and refuses (R11).
        return first;
      }
    };
    return {
      ...first,
      gate: this.gate,
      router: dispatch(partsFor, parts.values(), (part) => part.router),
      require: (kind) => dispatch(partsFor, parts.values(), (part) => part.require(kind)),
    };
  }

  private get all(): readonly Site[] {
    return [this.common, ...this.services.values()];
  }

  private siteOf(service: string | undefined): Site {
    return (service === undefined ? undefined : this.services.get(service)) ?? this.common;
  }

  // Protections that several services share send each client to the gate of the service that it asked for.
  private readonly gate: Gate = {
    challenge: (client, request) =>
      this.siteOf(client.service).gate?.challenge(client, request) ?? {
        action: "deny",
        protection: "bans",
        reason: "no gate",
        data: {},
      },
  };

  private site(context: Context, resolved: BunkerResolved): Site {
    const gate = resolved.antibot === false ? undefined : new GateProtection(context, resolved.antibot);
    const gateOf = (): GateProtection | undefined => gate;
    const bans = new BanProtection(context, gateOf);
    const network = this.networkOf(context, resolved);
    const lists = this.listsOf(context, resolved);
    const counting =
      resolved.badBehavior === false
        ? undefined
        : new BadBehaviorProtection(context, resolved.badBehavior, gateOf, bans);
    const protections: readonly (Protection | undefined)[] = [bans, network, lists, counting, gate];
    const engine = new Engine(
      context,
      protections.filter((protection) => protection !== undefined),
    );
    return { engine, gate, lists, network, counts: counting !== undefined };
  }

  // Zones are asked and tested once, however many services look at them in the same way.
  private listsOf(context: Context, resolved: BunkerResolved): DnsblProtection | undefined {
    const { dnsbl, mode } = resolved;
    if (dnsbl === false) return undefined;
    const known = this.madeLists.find(({ of }) => of.mode === mode && isDeepStrictEqual(of.dnsbl, dnsbl));
    if (known !== undefined) return known.made;
    const made = new DnsblProtection(context, dnsbl, () => this.gateFor(resolved) ?? dnsbl.gate?.gate);
    this.madeLists.push({ of: resolved, made });
    return made;
  }

  // One list and one membership: two would report everything twice.
  private networkOf(context: Context, resolved: BunkerResolved): BunkernetProtection | undefined {
    const { bunkernet } = resolved;
    if (bunkernet === false) return undefined;
    const known = this.madeNetworks.find(({ of }) => isDeepStrictEqual(of.bunkernet, bunkernet));
    if (known !== undefined) return known.made;
    const gate = (): Gate | undefined => this.gateFor(resolved) ?? bunkernet.gate?.gate;
    const takesPart = (service: string): boolean => this.siteOf(service).network === made;
    const made: BunkernetProtection = new BunkernetProtection(
      context,
      bunkernet,
      gate,
      this.byDefault,
      takesPart,
    );
    this.madeNetworks.push({ of: resolved, made });
    return made;
  }

  private gateFor({ antibot }: BunkerResolved): Gate | undefined {
    return antibot === false ? undefined : this.gate;
  }
}

// Where the gate is off there is nothing to ask for: the request goes on.
function dispatch(
  partsFor: (req: IncomingMessage) => AntibotParts | undefined,
  all: Iterable<AntibotParts>,
  make: (part: AntibotParts) => Middleware,
): Middleware {
  const made = new Map([...all].map((part) => [part, make(part)] as const));
  return (req, res, next) => {
    const part = partsFor(req);
    const middleware = part && made.get(part);
    if (middleware === undefined) next();
    else middleware(req, res, next);
  };
}
