import {
  parseAddress,
  parseForwarded,
  prefixOf,
  isGlobal,
  rangeContains,
  type Address,
} from "../address/address.js";
import type { AddressSet } from "../address/address-set.js";
import { isThenable } from "../awaitable.js";
import { BunkerHookError } from "../errors.js";
import { HOUR_MS } from "../events/active-warnings.js";
import type { EventBus } from "../events/event-bus.js";
import { RecentMap } from "../recent-map.js";
import { Client, type Identity } from "./client.js";
import type { AppLike, RequestLike } from "./request-like.js";
import type { Services } from "./services.js";
import { isProxyAddress, NOBODY, trustOf, type Trust, type TrustFunction } from "./trust.js";
import { TrustProblems } from "./trust-problems.js";

/** The `clientIp` option. */
export type ClientIp =
  ((request: never) => string | undefined) | { readonly header: string; readonly from: AddressSet };

/** The client configuration: middlewares with the same one share a resolver. */
export interface ClientConfig {
  readonly clientIp: ClientIp | undefined;
  readonly trustProxy: Trust | undefined;
  readonly ipv6Subnet: number;
  readonly services: Services;
}

interface Route {
  readonly client: Identity;
  readonly peer: Identity;
  /** Whether the client may have chosen its own address. */
  readonly chosen: boolean;
  /** The socket's peer of a cached route: the same header from another peer is another route. */
  readonly remote?: string | undefined;
  /** The last client that was made of it: most sites have one service. */
  last?: Client;
}

/**
 * What has been found out under one trust function: addresses, chains of proxies by their text, and the routes of clients whose
 * peer is themselves or is named by another source. A client has one route as long as nothing changes.
 */
class RouteCache {
  readonly identities = new RecentMap<string, Identity>(16_384);
  readonly routes = new RecentMap<string, Route>(8192);
  readonly direct = new RecentMap<string, Route>(8192);
  readonly named = new RecentMap<string, Route>(8192);

  constructor(readonly trust: Trust) {}
}

const UNKNOWN: Identity = Object.freeze({
  ip: "unknown",
  address: undefined,
  key: "unknown",
  isGlobal: false,
  isProxy: false,
});

/** Determines the client of a request: by `clientIp`, then `trustProxy`, then Express's own trust, then the socket. */
export class ClientResolver {
  private readonly caches = new WeakMap<Trust, RouteCache>();
  private readonly expressTrust = new WeakMap<TrustFunction, Trust>();
  /** Those of the last request: mostly the next one has the same. */
  private lastCache: RouteCache | undefined;
  private lastExpressTrust: Trust | undefined;
  private readonly trust: Trust;
  private readonly problems: TrustProblems;

  /** @param now the clock, in ms */
  constructor(
    readonly config: ClientConfig,
    private readonly events: EventBus,
    now: () => number,
  ) {
    this.problems = new TrustProblems(events, now);
    this.trust = config.trustProxy ?? NOBODY;
    if (this.trust.anybody) this.problems.trustsAnybody();
  }

  /**
   * Returns the client of a request. Throws only errors of the hooks `clientIp` and `service`.
   *
   * @param app the Express app whose `trust proxy` applies to a request that has not reached an app, such as an upgrade
   */
  resolve(request: RequestLike, app?: AppLike): Client {
    const route = this.routeOf(request, app);
    const service = this.config.services.nameOf(request);
    if (route.last !== undefined && route.last.service === service) return route.last;
    return (route.last = new Client(
      route.client,
      route.peer,
      route.chosen ? route.peer : route.client,
      service,
    ));
  }

  /** Returns the client of a connection before its first request, when its service may not be known yet. */
  connectionClient(address: string | undefined): Client {
    const peer = this.identityOfText(address, this.trust);
    return new Client(peer, peer, peer, this.config.services.connectionService);
  }

  /** What is wrong with the trust in proxies, as the requests show it: in words, each with its code. */
  trustProblems(): string[] {
    return this.problems.list();
  }

  /**
   * Whether the peer forwards other clients' requests: a proxy, by the configuration or by an earlier request.
   *
   * @param app the Express app whose `trust proxy` applies
   */
  carriesOthers({ peer: { address, isProxy, ip } }: Client, app?: AppLike): boolean {
    const trust = this.config.trustProxy ?? this.trustOfApp(app) ?? NOBODY;
    if (address === undefined || isProxy || trust.trusts(ip, 0)) return true;
    const { clientIp } = this.config;
    if (typeof clientIp === "object" && clientIp.from.has(address)) return true;
    for (const range of this.events.proxies) if (rangeContains(range, address)) return true;
    return false;
  }

  private routeOf(request: RequestLike, app: AppLike | undefined): Route {
    const { clientIp, trustProxy } = this.config;
    if (clientIp !== undefined) {
      const named = this.byClientIp(clientIp, request);
      if (named !== undefined) return named;
    }
    if (trustProxy !== undefined) return this.walk(request, trustProxy);
    const express = request as { readonly ip?: unknown; readonly app?: AppLike };
    if (Object.hasOwn(request, "ip") && typeof express.ip === "string")
      return this.hostRoute(request, express.ip);
    const trust = this.trustOfApp(express.app ?? app);
    if (trust !== undefined) return this.walk(request, trust);
    if (typeof express.ip === "string") return this.hostRoute(request, express.ip);
    return this.walk(request, NOBODY);
  }

  // The address from the hook or the header; undefined = it does not apply or is not a valid address.
  private byClientIp(clientIp: ClientIp, request: RequestLike): Route | undefined {
    const peer = this.peerOf(request);
    if (typeof clientIp === "function") {
      const text: unknown = clientIp(request as never);
      if (isThenable(text))
        throw new BunkerHookError("clientIp", "returned a promise; it must return an address");
      const address = typeof text === "string" ? parseForwarded(text) : undefined;
      return address && this.namedRoute(address, peer, false);
    }
    if (peer.address === undefined || !clientIp.from.has(peer.address)) return undefined;
    const header = request.headers[clientIp.header];
    const address = typeof header === "string" ? parseForwarded(header) : undefined;
    return address && this.namedRoute(address, peer, false);
  }

  // A host framework other than Express that sets the address by its own rules (Fastify with middie: an own property). Fastify's
  // `trustProxy: true` takes it from the client, so that it grants nothing.
  private hostRoute(request: RequestLike, ip: string): Route {
    const peer = this.peerOf(request);
    const address = parseForwarded(ip);
    if (address === undefined || address.text === peer.ip)
      return peer.address === undefined
        ? { client: peer, peer, chosen: false }
        : this.namedRoute(peer.address, peer, false);
    this.problems.hostAddress();
    return this.namedRoute(address, peer, true);
  }

  private namedRoute(address: Address, peer: Identity, chosen: boolean): Route {
    const client = this.identityOf(address);
    const { named } = this.cacheOf(this.trust);
    const known = named.get(client.ip);
    if (known?.client === client && known.peer === peer && known.chosen === chosen) return known;
    const route: Route = { client, peer, chosen };
    named.set(client.ip, route);
    return route;
  }

  private trustOfApp(app: AppLike | undefined): Trust | undefined {
    const trusts = typeof app?.get === "function" ? app.get("trust proxy fn") : undefined;
    if (typeof trusts !== "function") return undefined;
    const last = this.lastExpressTrust;
    if (last?.trusts === trusts) return last;
    let trust = this.expressTrust.get(trusts as TrustFunction);
    if (trust === undefined) {
      trust = trustOf(trusts as TrustFunction, app?.get?.("trust proxy") === false);
      this.expressTrust.set(trust.trusts, trust);
      if (trust.anybody) this.problems.trustsAnybody();
    }
    return (this.lastExpressTrust = trust);
  }

  private walk(request: RequestLike, trust: Trust): Route {
    const forwarded = request.headers["x-forwarded-for"];
    const remote = request.socket?.remoteAddress;
    if (typeof forwarded !== "string" || trust.nobody) {
      const route = this.directRoute(remote, trust);
      if (!trust.nobody) this.notForwarded(route.peer, trust);
      else if (forwarded !== undefined || request.headers["forwarded"] !== undefined)
        this.problems.ignoredHeader(route.peer);
      return route;
    }
    // Only headers under 256 characters are cached, so that the cache stays small.
    const { routes } = this.cacheOf(trust);
    const found = routes.get(forwarded);
    const route =
      found !== undefined && found.remote === remote ? found : this.follow(forwarded, remote, trust);
    if (route !== found && forwarded.length < 256) routes.set(forwarded, route);
    if (route.client === route.peer) this.notForwarded(route.peer, trust);
    else this.problems.forwarded();
    return route;
  }

  private directRoute(remote: string | undefined, trust: Trust): Route {
    const { direct } = this.cacheOf(trust);
    const known = remote === undefined ? undefined : direct.get(remote);
    if (known !== undefined) return known;
    const peer = this.identityOfText(remote, trust);
    const route: Route = { client: peer, peer, chosen: trust.anybody };
    if (remote !== undefined && peer !== UNKNOWN) direct.set(remote, route);
    return route;
  }

  private notForwarded(peer: Identity, { anybody, anyPeer }: Trust): void {
    if (!anybody && (peer.isProxy || anyPeer)) this.problems.notForwarded();
  }

  private cacheOf(trust: Trust): RouteCache {
    if (this.lastCache?.trust === trust) return this.lastCache;
    let cache = this.caches.get(trust);
    if (cache === undefined) this.caches.set(trust, (cache = new RouteCache(trust)));
    return (this.lastCache = cache);
  }

  // Walks from the socket back through the trusted proxies; an entry that is not an address ends the walk at the hop before it.
  private follow(forwarded: string, remote: string | undefined, trust: Trust): Route {
    const peer = this.identityOfText(remote, trust);
    const hops = forwarded.split(",").reverse();
    let client = peer;
    for (let hop = 0; hop < hops.length; hop++) {
      if (!trust.trusts(client.address === undefined ? "" : client.ip, hop)) break;
      const address = parseForwarded(hops[hop] as string);
      if (address === undefined) break;
      if (client.isProxy && client.address !== undefined) this.events.addProxy(prefixOf(client.address, 128));
      client = this.identityOf(address, trust);
    }
    return { client, peer, chosen: trust.anybody, remote };
  }

  private peerOf(request: RequestLike): Identity {
    return this.identityOfText(request.socket?.remoteAddress, this.trust);
  }

  private identityOfText(text: string | undefined, trust: Trust): Identity {
    const address =
      text === undefined
        ? undefined
        : (this.cacheOf(trust).identities.get(text)?.address ?? parseAddress(text));
    if (address !== undefined) return this.identityOf(address, trust);
    this.events.warn(
      "WRN_BUNKER_NO_ADDRESS",
      "a request has no client address (a unix socket, or a socket that is already closed); all such requests share one identity",
      "",
      { lasts: HOUR_MS },
    );
    return UNKNOWN;
  }

  private identityOf(address: Address, trust = this.trust): Identity {
    const { identities } = this.cacheOf(trust);
    const known = identities.get(address.text);
    if (known !== undefined) return known;
    const identity: Identity = {
      ip: address.text,
      address,
      key: prefixOf(address, this.config.ipv6Subnet).text,
      isGlobal: isGlobal(address),
      isProxy: isProxyAddress(trust, address.text),
    };
    identities.set(address.text, identity);
    return identity;
  }
}
