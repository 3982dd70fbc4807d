import type { AddressSet } from "../address/address-set.js";
import { parseAddress } from "../address/address.js";
import { addressSetCheck } from "../options/address-checks.js";
import { flag, integer, type Check, type ReportProblem } from "../options/check.js";
import { group, type OptionsTable } from "../options/table.js";
import type { SharedResolved } from "../engine/shared-options.js";

/** Whose connections begin with a PROXY header, and how long it may take. */
export interface ProxyProtocolOptions {
  /** The proxies that send it: addresses and CIDR ranges. What else they send is refused. */
  from: string | readonly string[] | AddressSet;
  /** How long the whole header may take, in ms: 10–60000, default 5000. */
  timeout?: number;
}

/** How connections are looked at. */
export interface ConnectionOptions {
  /**
   * PROXY protocol, version 1 or 2: the proxies that send it, or `true` = those that `trustProxy` names. Every connection of
   * theirs must begin with a header; the address in it becomes the socket's `remoteAddress`. Default `false`.
   */
  proxyProtocol?: boolean | ProxyProtocolOptions;
  /** How many connections may wait for their header at once, and how many for their verdict: 1–1000000, default 4096. */
  maxHeld?: number;
  /** How long a connection waits for its verdict, in ms: 10–60000, default 5000. Then `onStoreError` decides. */
  holdTimeout?: number;
}

/** {@link ProxyProtocolOptions} read and checked. */
interface ProxyProtocolResolved {
  from: AddressSet;
  timeout: number;
}

/** {@link ConnectionOptions} read and checked. */
export interface ConnectionResolved {
  proxyProtocol: boolean | ProxyProtocolResolved;
  maxHeld: number;
  holdTimeout: number;
}

const milliseconds = integer(10, 60_000, "milliseconds");

const proxyProtocolGroup = group({
  from: { check: addressSetCheck(), default: undefined as never, help: "The proxies that send the header." },
  timeout: { check: milliseconds, default: 5000, help: "The maximum time for the whole header." },
});

const proxyProtocolCheck: Check<ConnectionResolved["proxyProtocol"]> = {
  allowed: "true (with trustProxy), false, or { from: [CIDR], timeout }",
  parse: (text) => flag().parse(text),
  read(value, path, report) {
    if (typeof value === "boolean") return value;
    const read = proxyProtocolGroup.read(value, path, report);
    if (read === undefined) return undefined;
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- `from` has no default
    if ((read.from?.size ?? 0) > 0) return read;
    report({ path, value, allowed: this.allowed });
    return undefined;
  },
};

/** The options of connections. */
export const connectionTable: OptionsTable<ConnectionResolved> = {
  proxyProtocol: {
    check: proxyProtocolCheck,
    default: false,
    help: "The proxies that begin their connections with a PROXY protocol header.",
  },
  maxHeld: {
    check: integer(1, 1_000_000, "connections"),
    default: 4096,
    help: "The maximum number of connections that wait at once.",
  },
  holdTimeout: {
    check: milliseconds,
    default: 5000,
    help: "The maximum time that a connection waits for its verdict.",
  },
};

/** Whether there is something to guard. An Express app, which is a function, is not what connections come to. */
export function checkServer(server: unknown, report: ReportProblem): void {
  const given = server as { on?: unknown; emit?: unknown } | null | undefined;
  if (typeof given === "object" && typeof given?.on === "function" && typeof given.emit === "function")
    return;
  report({
    path: "server",
    value: server,
    allowed: "a server, as app.listen() and createServer() return",
  });
}

/** What only several options together can get wrong. */
export function checkConnections(
  options: ConnectionResolved,
  shared: SharedResolved,
  report: ReportProblem,
): void {
  const { trustProxy } = shared;
  if (options.proxyProtocol !== true || (trustProxy?.nobody === false && !trustProxy.anybody)) return;
  report({
    path: "proxyProtocol",
    value: true,
    allowed: "true only where trustProxy names the proxies; else { from: [CIDR] }",
  });
}

/** Whose connections begin with a PROXY header. */
export interface ProxySenders {
  /** Throws what a `trustProxy` function throws. */
  has(remoteAddress: string): boolean;
  /** How long a header may take, in ms. */
  readonly timeout: number;
}

/** Whose connections begin with a PROXY header; `undefined` = nobody's. */
export function proxySenders(
  { proxyProtocol }: ConnectionResolved,
  { trustProxy }: SharedResolved,
): ProxySenders | undefined {
  if (proxyProtocol === false) return undefined;
  const { from, timeout } = proxyProtocol === true ? { from: undefined, timeout: 5000 } : proxyProtocol;
  return {
    has(remoteAddress) {
      const address = parseAddress(remoteAddress);
      if (address === undefined) return false;
      return from === undefined ? trustProxy?.trusts(address.text, 0) === true : from.has(address);
    },
    timeout,
  };
}
