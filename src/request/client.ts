import {
  parseAddress,
  parseForwarded,
  prefixOf,
  isGlobal,
  rangeContains,
  type Address,
} from "../address/address.js";
import type { AddressSet } from "../address/address-set.js";
import { BunkerHookError } from "../errors.js";
import type { EventBus } from "../events/event-bus.js";
import { RecentMap } from "../recent-map.js";
import type { RequestLike } from "./request-like.js";
import type { Services } from "./services.js";
import { trustsAnybody, type Trust, type TrustFunction } from "./trust.js";
import { isThenable } from "../awaitable.js";

/** An address and what follows from it alone; shared by all requests of that address. */
export interface Identity {
  /** Canonical text; `"unknown"` when there is no address. */
  readonly ip: string;
  readonly address: Address | undefined;
  /** The key of bans and counters: the IPv4 address, or the IPv6 prefix. */
  readonly key: string;
  readonly isGlobal: boolean;
  /** Whether it is one of the proxies that `trustProxy` names. */
  readonly isProxy: boolean;
}

/** The client of a request, as one client configuration sees it. */
export class Client {
  constructor(
    readonly identity: Identity,
    /** The address of the socket's peer. */
    readonly peer: Identity,
    /** The identity that `allow` and the ignore rules use: the peer's when any client could choose its own address. */
    readonly trustedIdentity: Identity,
    /** `undefined` = the Host is not configured. */
    readonly service: string | undefined,
  ) {}

  get ip(): string {
    return this.identity.ip;
  }
  get key(): string {
    return this.identity.key;
  }
  get address(): Address | undefined {
    return this.identity.address;
  }
  /** Whether bans may be written: a private address that any client could claim does not exempt a public one. */
  get isGlobal(): boolean {
    return this.identity.isGlobal || this.trustedIdentity.isGlobal;
  }
  /** Whether the client runs on this machine. */
  get isLoopback(): boolean {
    return /^(?:127\.|::1$)/.test(this.identity.ip);
  }
  /** Whether the request came through a trusted proxy. */
  get proxied(): boolean {
    return this.identity !== this.peer;
  }
}

/**
 * Whether the connection was reset before its address was read. No client gets the response, but the request would run without
 * an address, and so past every ban. A unix socket has no local address either, and counts only once it is closed.
 */
export function wasReset({ identity, peer }: Client, { socket }: RequestLike): boolean {
  if (identity.address !== undefined || peer.address !== undefined) return false;
  return socket != null && (socket.destroyed === true || socket.localAddress !== undefined);
}

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
  readonly anybody: boolean;
  /** The socket's peer of a cached route: the same header from another peer is another route. */
  readonly remote?: string | undefined;
  /** The last client that was made of it: most sites have one service. */
  last?: Client;
}

/** What has been found out under one trust function: addresses, and chains of proxies by their text. */
class RouteCache {
  readonly identities = new RecentMap<string, Identity>(16_384);
  readonly routes = new RecentMap<string, Route>(8192);
}

const UNKNOWN: Identity = Object.freeze({
  ip: "unknown",
  address: undefined,
  key: "unknown",
  isGlobal: false,
  isProxy: false,
});

const NOBODY: Trust = { trusts: () => false, anybody: false, nobody: true };

/** Determines the client of a request: by `clientIp`, then `trustProxy`, then Express's own trust, then the socket. */
export class ClientResolver {
  private readonly caches = new WeakMap<Trust, RouteCache>();
  private readonly expressTrust = new WeakMap<TrustFunction, Trust>();
  private readonly trust: Trust;

  constructor(
    readonly config: ClientConfig,
    private readonly events: EventBus,
  ) {
    this.trust = config.trustProxy ?? NOBODY;
    if (config.trustProxy?.anybody === true) this.warnTrustAll();
  }

  /** Returns the client of a request. Throws only errors of the hooks `clientIp` and `service`. */
  resolve(request: RequestLike): Client {
    const route = this.routeOf(request);
    const service = this.config.services.nameOf(request);
    if (route.last !== undefined && route.last.service === service) return route.last;
    return (route.last = new Client(
      route.client,
      route.peer,
      route.anybody ? route.peer : route.client,
      service,
    ));
  }

  /** Returns the client of a connection before its first request, when its service may not be known yet. */
  connectionClient(address: string | undefined): Client {
    const peer = this.identityOfText(address, this.trust);
    return new Client(peer, peer, peer, this.config.services.connectionService);
  }

  /** Whether the peer forwards other clients' requests: a proxy, by the configuration or by an earlier request. */
  carriesOthers({ peer: { address, isProxy, ip } }: Client): boolean {
    if (address === undefined || isProxy || this.trust.trusts(ip, 0)) return true;
    const { clientIp } = this.config;
    if (typeof clientIp === "object" && clientIp.from.has(address)) return true;
    for (const range of this.events.proxies) if (rangeContains(range, address)) return true;
    return false;
  }

  private routeOf(request: RequestLike): Route {
    const { clientIp, trustProxy } = this.config;
    if (clientIp !== undefined) {
      const named = this.byClientIp(clientIp, request);
      if (named !== undefined) return named;
    }
    if (trustProxy !== undefined) return this.walk(request, trustProxy);
    const express = request as {
      readonly ip?: unknown;
      readonly app?: { get?: (name: string) => unknown };
    };
    if (Object.hasOwn(request, "ip") && typeof express.ip === "string")
      return this.hostRoute(request, express.ip);
    const trusts = typeof express.app?.get === "function" ? express.app.get("trust proxy fn") : undefined;
    if (typeof trusts === "function") {
      return this.walk(
        request,
        this.expressTrustFor(trusts as TrustFunction, express.app?.get?.("trust proxy") === false),
      );
    }
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
      return address && { client: this.identityOf(address), peer, anybody: false };
    }
    if (peer.address === undefined || !clientIp.from.has(peer.address)) return undefined;
    const header = request.headers[clientIp.header];
    const address = typeof header === "string" ? parseForwarded(header) : undefined;
    return address && { client: this.identityOf(address), peer, anybody: false };
  }

  // A host framework other than Express that sets the address by its own rules (Fastify with middie: an own property).
  private hostRoute(request: RequestLike, ip: string): Route {
    const peer = this.peerOf(request);
    const address = parseForwarded(ip);
    return { client: address === undefined ? peer : this.identityOf(address), peer, anybody: false };
  }

  private expressTrustFor(trusts: TrustFunction, nobody: boolean): Trust {
    let trust = this.expressTrust.get(trusts);
    if (trust === undefined) {
      trust = { trusts, anybody: trustsAnybody(trusts), nobody };
      this.expressTrust.set(trusts, trust);
      if (trust.anybody) this.warnTrustAll();
    }
    return trust;
  }

  private walk(request: RequestLike, trust: Trust): Route {
    const forwarded = request.headers["x-forwarded-for"];
    const remote = request.socket?.remoteAddress;
    if (trust.nobody && (forwarded !== undefined || request.headers["forwarded"] !== undefined))
      this.warnProxy();
    if (typeof forwarded !== "string" || trust.nobody) {
      const peer = this.peerOf(request);
      return { client: peer, peer, anybody: trust.anybody };
    }
    // Only headers under 256 characters are cached, so that the cache stays small.
    const { routes } = this.cacheOf(trust);
    const found = routes.get(forwarded);
    if (found !== undefined && found.remote === remote) return found;
    const route = this.follow(forwarded, remote, trust);
    if (forwarded.length < 256) routes.set(forwarded, route);
    return route;
  }

  private cacheOf(trust: Trust): RouteCache {
    let cache = this.caches.get(trust);
    if (cache === undefined) this.caches.set(trust, (cache = new RouteCache()));
    return cache;
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
      if (client.address !== undefined && !trust.anybody) this.events.addProxy(prefixOf(client.address, 128));
      client = this.identityOf(address, trust);
    }
    return { client, peer, anybody: trust.anybody, remote };
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
      isProxy: !trust.anybody && trust.trusts(address.text, Number.MAX_SAFE_INTEGER),
    };
    identities.set(address.text, identity);
    return identity;
  }

  private warnTrustAll(): void {
    this.events.warn(
      "WRN_BUNKER_TRUST_ALL",
      "every address is trusted as a proxy, so a client can choose its own address with X-Forwarded-For; name your proxies instead of `true`",
    );
  }

  private warnProxy(): void {
    this.events.warn(
      "WRN_BUNKER_PROXY",
      "requests come with forwarding headers, but no proxy is trusted: every visitor behind that proxy shares one address and one ban. Set `trust proxy` (Express) or `trustProxy`",
    );
  }
}
