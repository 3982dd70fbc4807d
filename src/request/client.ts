import type { Address } from "../address/address.js";
import type { RequestLike } from "./request-like.js";

/** An address and what follows from it alone; shared by all requests of that address. */
export interface Identity {
  /** Canonical text; `"unknown"` when there is no address. */
  readonly ip: string;
  readonly address: Address | undefined;
  /** The key of bans and counters: the IPv4 address, or the IPv6 prefix. */
  readonly key: string;
  readonly isGlobal: boolean;
  /** Whether it is trusted as a proxy by its address; a number of hops shows no address to be a proxy's. */
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
