import { ADDRESSES } from "../servers/clients.js";
import type { ClientHeaders } from "./keep-alive.js";
import type { LoadResult } from "./load-process.js";
import { startLoader, type Loader } from "./loader.js";
import { startServer, type ServerProcess, type StartOptions } from "./server-process.js";
import { newClients } from "./visitor.js";

/** A server that is compared with others. */
export interface Candidate {
  readonly name: string;
  /** The program in bench/servers, and its arguments. */
  readonly server: string;
  readonly args?: readonly string[];
  /** The path of all requests. Default: `/`. */
  readonly path?: string;
  /** The status that every response must have. Default: 200. */
  readonly status?: number;
  /** Whether responses set cookies. Default: `false`. */
  readonly setsCookies?: boolean;
  /** Makes the clients that send to this server. Default: those of the last candidate that makes its own. */
  readonly clients?: (origin: string) => Promise<readonly ClientHeaders[]>;
}

const CONNECTIONS = 32;

/** Servers in processes of their own, with the process that sends requests to them. */
export class Stand {
  private readonly servers = new Map<string, ServerProcess>();
  private readonly loader: Loader;

  private constructor(private readonly candidates: ReadonlyMap<string, Candidate>) {
    this.loader = startLoader(newClients(ADDRESSES));
  }

  static async start(
    candidates: readonly Candidate[],
    options: Pick<StartOptions, "nodeOptions"> = {},
  ): Promise<Stand> {
    const stand = new Stand(new Map(candidates.map((candidate) => [candidate.name, candidate])));
    try {
      for (const { name, server, args = [] } of candidates) {
        stand.servers.set(name, await startServer(server, { ...options, args }));
      }
      await stand.assignClients(candidates);
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

  /** Sends so many requests to a server. Throws unless all responses are as the candidate says. */
  async send(name: string, requests: number): Promise<LoadResult> {
    const { path = "/", status = 200, setsCookies = false } = this.candidates.get(name) as Candidate;
    const { origin } = this.server(name);
    const result = await this.loader.measure({ origin, path, connections: CONNECTIONS, requests });
    if (result.statuses[String(status)] !== requests || (!setsCookies && result.cookies > 0)) {
      const got = `${JSON.stringify(result.statuses)}, ${result.cookies} with a cookie`;
      throw new Error(`${name}: expected only ${status}, got ${got}`);
    }
    return result;
  }

  async stop(): Promise<void> {
    this.loader.stop();
    await Promise.all([...this.servers.values()].map((server) => server.stop()));
  }

  /** All servers get requests of the same size: where there is no gate, a pass means nothing. */
  private async assignClients(candidates: readonly Candidate[]): Promise<void> {
    let last: readonly ClientHeaders[] | undefined;
    for (const { name, clients } of candidates) {
      if (clients === undefined) continue;
      const { origin } = this.server(name);
      last = await clients(origin);
      this.loader.assign(origin, last);
    }
    if (last === undefined) return;
    for (const { name, clients } of candidates) {
      if (clients === undefined) this.loader.assign(this.server(name).origin, last);
    }
  }
}
