import { Resolver } from "node:dns/promises";
import { check, type Check } from "../options/check.js";

/** The functions of `node:dns/promises` that are used. */
export interface DnsResolver {
  resolve4(name: string): Promise<string[]>;
  resolve6(name: string): Promise<string[]>;
  resolveTxt(name: string): Promise<string[][]>;
  reverse(ip: string): Promise<string[]>;
}

/** The `resolver` option: servers as `"ip"`, `"ip:port"` or `"[ip6]:port"`, or an object that resolves by itself. */
export type ResolverOption = { readonly servers?: readonly string[] } | DnsResolver;

const METHODS = ["resolve4", "resolve6", "resolveTxt", "reverse"] as const;

/** Whether the option resolves by itself. */
export function isResolver(option: ResolverOption): option is DnsResolver {
  return METHODS.every((name) => typeof (option as Record<string, unknown>)[name] === "function");
}

/** Checks the `resolver` option; a server that `node:dns` would not take is an error at start, not at the first request. */
export const resolverCheck: Check<ResolverOption> = check(
  `{ servers: ["ip:port"] } or an object with ${METHODS.join(", ")}`,
  (value) => {
    if (typeof value !== "object" || value === null) return undefined;
    if (isResolver(value)) return value;
    const { servers, ...rest } = value as { servers?: unknown };
    if (Object.keys(rest).length > 0) return undefined;
    if (servers === undefined) return {};
    if (!Array.isArray(servers) || servers.length === 0) return undefined;
    try {
      new Resolver().setServers(servers as string[]);
      return { servers: servers as string[] };
    } catch {
      return undefined;
    }
  },
  (text) => ({ servers: text.split(/\s+/).filter((word) => word !== "") }),
);
