import { startLoader, type Loader } from "../harness/loader.js";
import { startServer, type ServerProcess, type StartOptions } from "../harness/server-process.js";
import type { ClientHeaders } from "../harness/keep-alive.js";
import { BROWSER_HEADERS, clientsWithPasses } from "../harness/visitor.js";
import { ADDRESSES } from "../servers/clients.js";
import { PARTS, type Part } from "../servers/mount-stack.js";

/** A server whose cost is measured. */
export interface Step {
  readonly name: string;
  /** The program in bench/servers. */
  readonly server: string;
  /** The protections that it has beside bans. */
  readonly parts?: readonly Part[];
  /** The step that has one thing less, if this is not the empty middleware. */
  readonly above?: string;
}

/** The step that all others are compared with. */
export const BASE = "empty middleware";
/** The step with all protections. */
export const WHOLE = "whole stack: + BunkerNet, a million entries";
/** The step with helmet. */
export const HELMET = "helmet";

const BANS = "bans only";
const ADDED = ["+ Bad Behavior", "+ gate, with a pass", "+ DNSBL, cached", WHOLE];

/** All steps; each step of our own adds one protection to the step before it. */
export const STEPS: readonly Step[] = [
  { name: BASE, server: "empty-middleware" },
  { name: "one close listener", server: "close-listener", above: BASE },
  { name: HELMET, server: "helmet", above: BASE },
  { name: "express-rate-limit", server: "express-rate-limit", above: BASE },
  { name: "rate-limiter-flexible", server: "rate-limiter-flexible", above: BASE },
  { name: BANS, server: "stack", parts: [], above: BASE },
  ...ADDED.map((name, index) => ({
    name,
    server: "stack",
    parts: PARTS.slice(0, index + 1),
    above: ADDED[index - 1] ?? BANS,
  })),
];

const CONNECTIONS = 32;

/** Servers of steps, with the process that sends requests to them. */
export class Stand {
  private constructor(
    private readonly servers: ReadonlyMap<string, ServerProcess>,
    private readonly loader: Loader,
  ) {}

  /** Starts a server for each of `steps`. The clients get passes from each server that has a gate. */
  static async start(steps: readonly Step[], options: StartOptions = {}): Promise<Stand> {
    const servers = new Map<string, ServerProcess>();
    const loader = startLoader([]);
    const stand = new Stand(servers, loader);
    try {
      for (const { name, server, parts = [] } of steps) {
        servers.set(name, await startServer(server, { ...options, args: parts }));
      }
      await stand.admitClients(steps);
    } catch (error) {
      await stand.stop();
      throw error;
    }
    return stand;
  }

  server(name: string): ServerProcess {
    const server = this.servers.get(name);
    if (server === undefined) throw new Error(`the server "${name}" was not started`);
    return server;
  }

  /** Sends so many requests to the server of a step. Throws unless every response is the app's own and sets no cookie. */
  async send(name: string, requests: number): Promise<void> {
    const { origin } = this.server(name);
    const { statuses, cookies } = await this.loader.measure({ origin, connections: CONNECTIONS, requests });
    if (statuses["200"] !== requests || cookies > 0) {
      throw new Error(`${name}: ${JSON.stringify(statuses)}, ${cookies} responses with a cookie`);
    }
  }

  async stop(): Promise<void> {
    this.loader.stop();
    await Promise.all([...this.servers.values()].map((server) => server.stop()));
  }

  private async admitClients(steps: readonly Step[]): Promise<void> {
    const hasGate = ({ parts }: Step): boolean => parts?.includes("gate") === true;
    let last: ClientHeaders[] | undefined;
    for (const { name } of steps.filter(hasGate)) {
      const { origin } = this.server(name);
      last = await clientsWithPasses(origin, ADDRESSES);
      this.loader.assign(origin, last);
    }
    // All servers get requests of the same size: where there is no gate, the pass means nothing.
    const others = last ?? ADDRESSES.map((address) => ({ ...BROWSER_HEADERS, "X-Forwarded-For": address }));
    for (const step of steps.filter((step) => !hasGate(step))) {
      this.loader.assign(this.server(step.name).origin, others);
    }
  }
}
