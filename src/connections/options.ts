import type { AddressSet } from "../address/address-set.js";
import { addressSetCheck } from "../options/address-checks.js";
import { flag, integer, type Check, type ReportProblem } from "../options/check.js";
import { group, type AnyTable, type Resolved } from "../options/table.js";
import type { SharedResolved } from "../engine/shared-options.js";

/** The proxies that send PROXY headers. */
export interface ProxyProtocolOptions {
  /** The proxies, as addresses and CIDR ranges. Their connections without a header are refused. */
  from: string | readonly string[] | AddressSet;
  /** The timeout of the whole header, in ms: 10–60000, default 5000. */
  timeout?: number;
}

/** Options of connections. */
export interface ConnectionOptions {
  /**
   * PROXY protocol, version 1 or 2: the proxies that send it, or `true` = those in `trustProxy`. Each of their connections
   * must begin with a header; its address becomes the socket's `remoteAddress`. Default `false`.
   */
  proxyProtocol?: boolean | ProxyProtocolOptions;
  /** The maximum number of connections that wait for their header, and for their verdict: 1–1000000, default 4096. */
  maxHeld?: number;
  /** The maximum wait for a verdict, in ms: 10–60000, default 5000. Then `onStoreError` decides. */
  holdTimeout?: number;
}

const milliseconds = integer(10, 60_000, "milliseconds");

const proxyProtocolGroup = group({
  from: { check: addressSetCheck(), default: undefined as never, help: "The proxies that send the header." },
  timeout: { check: milliseconds, default: 5000, help: "The maximum time for the whole header." },
});

const proxyProtocolCheck: Check<boolean | { from: AddressSet; timeout: number }> = {
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

export const connectionTable = {
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
} satisfies AnyTable;

/** {@link ConnectionOptions} read and checked. */
export type ConnectionResolved = Resolved<typeof connectionTable>;

/** Reports a `server` that is not a server, such as an Express app, which is a function. */
export function checkServer(server: unknown, report: ReportProblem): void {
  const { on, emit } = (typeof server === "object" ? (server ?? {}) : {}) as Record<string, unknown>;
  if (typeof on === "function" && typeof emit === "function") return;
  const allowed = "a server, as app.listen() and createServer() return";
  report({ path: "server", value: server, allowed });
}

/** Checks options that depend on each other. */
export function checkConnections(
  options: ConnectionResolved,
  shared: SharedResolved,
  report: ReportProblem,
): void {
  const { trustProxy } = shared;
  if (options.proxyProtocol !== true || (trustProxy?.nobody === false && !trustProxy.anybody)) return;
  const allowed = "true only where trustProxy names the proxies; else { from: [CIDR] }";
  report({ path: "proxyProtocol", value: true, allowed });
}
