import { domainToASCII } from "node:url";
import { BunkerHookError } from "../errors.js";
import { RecentMap } from "../recent-map.js";
import type { RequestLike } from "./request-like.js";
import { isThenable } from "../awaitable.js";

import { DEFAULT_SERVICE, SERVICE_NAME } from "../service-name.js";

const SLASH = 47;

/** The `service` hook. */
export type ServiceHook = (request: never) => string;

/** Finds the service of a request: always a configured name, never the client's own text. */
export class Services {
  private readonly hosts = new Map<string, string>();
  private readonly names: ReadonlySet<string>;
  private readonly known = new RecentMap<string, string>(2048);
  /** Whether the Host selects the service. */
  readonly byHost: boolean;

  /** @param unknownHost the service of hosts that are not configured; `undefined` = none */
  constructor(
    readonly fixed: string | ServiceHook | undefined,
    readonly services: ReadonlyMap<string, readonly string[]>,
    readonly unknownHost: string | undefined,
  ) {
    this.names = new Set(services.keys());
    this.byHost = fixed === undefined && services.size > 0;
    for (const [name, aliases] of services) {
      this.hosts.set(normalHost(name), name);
      for (const alias of aliases) this.hosts.set(normalHost(alias), name);
    }
  }

  /** Returns the service's name; `undefined` = the Host is not configured. Rethrows errors of the hook. */
  nameOf(request: RequestLike): string | undefined {
    if (typeof this.fixed === "string") return this.fixed;
    if (this.fixed !== undefined) return this.hookService(this.fixed, request);
    if (!this.byHost) return DEFAULT_SERVICE;
    const [host, other] = hostsOf(request);
    const name = host === undefined ? undefined : this.serviceOfHost(host);
    // With two different hosts in a request, the app could choose the other one: it gets neither service.
    if (other !== undefined && this.serviceOfHost(other) !== name) return this.unknownHost;
    return name ?? this.unknownHost;
  }

  /** The service of a connection before its first request; `undefined` where only a request shows it. */
  get connectionService(): string | undefined {
    if (typeof this.fixed === "string") return this.fixed;
    return this.fixed === undefined && !this.byHost ? DEFAULT_SERVICE : undefined;
  }

  private serviceOfHost(host: string): string | undefined {
    const known = this.known.get(host);
    if (known !== undefined) return known === "" ? undefined : known;
    const name = this.hosts.get(normalHost(host));
    if (host.length <= 255) this.known.set(host, name ?? "");
    return name;
  }

  private hookService(hook: ServiceHook, request: RequestLike): string {
    const name: unknown = hook(request as never);
    if (isThenable(name)) throw new BunkerHookError("service", "returned a promise; it must return a name");
    if (
      typeof name !== "string" ||
      !SERVICE_NAME.test(name) ||
      (this.names.size > 0 && !this.names.has(name))
    ) {
      throw new BunkerHookError("service", "returned something that is not a configured service name");
    }
    return name;
  }
}

/** Returns a Host in the form for comparison: lower case, no port, no trailing dot, international names in ASCII. */
export function normalHost(host: string): string {
  const bare = host.trim().toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
  return /^[a-z0-9.:[\]_-]*$/.test(bare) ? bare : domainToASCII(bare);
}

// The host of a request, and a second one if it names two.
function hostsOf({ headers, originalUrl, url }: RequestLike): [string | undefined, string | undefined] {
  // HTTP/2 has :authority; Node's compatibility layer copies it to host only where the client sent no host.
  const authority: unknown = headers[":authority"];
  const { host } = headers;
  if (typeof authority === "string") return [host ?? authority, host === authority ? undefined : authority];
  const target = originalUrl ?? url ?? "/";
  // In absolute form the target names the host, and Host should be the same (RFC 9112, 3.2.2).
  return [
    host,
    target.charCodeAt(0) === SLASH ? undefined : /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(target)?.[1],
  ];
}
