import { randomBytes, createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { ClientResolver } from "../request/client.js";
import type { Health } from "../engine/engine.js";
import { messageOf } from "../errors.js";
import { eventBusOf, type EventBus } from "../events/event-bus.js";
import { Services } from "../request/services.js";
import { GuardedStore } from "../store/guarded-store.js";
import { Admin } from "./admin.js";
import { ko, tooManyRequests, send, sendList, type ApiResponse } from "./responses.js";
import { callLimitOf, Endpoints, type IntakeCounts } from "./endpoints.js";
import { InstanceIds } from "./instance-ids.js";
import { VoteRegistry } from "./vote-registry.js";
import { RateLimits } from "./rate-limits.js";
import type { BunkernetServerResolved } from "./options.js";
import { PublishedList, type ListSnapshot } from "./published-list.js";
import { SECRET_KEY } from "./records.js";
import { VoterResolver, tokenOf } from "./voter-resolver.js";

/** How a server fares, in figures. */
export interface BunkernetServerStatus extends Readonly<IntakeCounts> {
  /** Addresses on the list. */
  readonly listed: number;
  /** Addresses that somebody reported. */
  readonly addresses: number;
  readonly votes: number;
  readonly voters: number;
  readonly vetoes: number;
}

/** Where a path leads. */
interface Route {
  readonly path: string;
  readonly token: string | undefined;
  readonly query: URLSearchParams;
}

/** A BunkerNet server: finds out who calls, has it answered, and turns whatever fails into an answer. */
export class BunkernetServer {
  readonly events: EventBus;
  private readonly registry: VoteRegistry;
  private readonly published: PublishedList;
  private readonly endpoints: Endpoints;
  private readonly admin: Admin | undefined;
  private readonly limits: RateLimits;
  private readonly resolver: ClientResolver;
  private readonly stops: (() => void)[] = [];
  private instanceIds: Promise<InstanceIds> | undefined;

  constructor(private readonly options: BunkernetServerResolved) {
    const { store } = options;
    this.events = eventBusOf(store);
    if (options.logger !== false) this.stops.push(this.events.addLogger(options.logger));
    const now = options.now ?? Date.now;
    if (options.now !== undefined) adoptClock(store, options.now);
    this.resolver = new ClientResolver(
      {
        clientIp: options.clientIp,
        trustProxy: options.trustProxy,
        ipv6Subnet: 64,
        services: new Services("bunkernet-server", new Map(), undefined),
      },
      this.events,
    );
    this.registry = new VoteRegistry(store, options, now);
    this.limits = new RateLimits(store);
    const { counter: tally } = this.registry;
    this.published = new PublishedList(tally);
    const voters = new VoterResolver(options.voteBy, options.tokens);
    this.endpoints = new Endpoints(
      options,
      () => this.ids(),
      this.registry,
      this.published,
      this.limits,
      voters,
      now,
    );
    this.admin = options.admin === undefined ? undefined : new Admin(options.admin.token, this.registry);
    // Whoever does not wait for `ready()` meets the same failure with each call, as an answer.
    this.ready().catch((error: unknown) => this.warn(error));
  }

  /** Resolves when the store has been read and the list is written out. */
  async ready(): Promise<void> {
    await this.ids();
    await this.registry.ready();
    await this.published.get();
  }

  /** Reads everything in the store anew. */
  async sync(): Promise<void> {
    await this.registry.reload();
    this.registry.expire();
    await this.published.get();
  }

  health(): Health {
    const { problem } = this.registry;
    const ok = problem === undefined;
    return { ok, protections: { "bunkernet-server": { ok, problems: ok ? [] : [problem] } } };
  }

  get status(): BunkernetServerStatus {
    this.registry.expire();
    const { counter: tally, vetoes } = this.registry;
    return {
      ...this.endpoints.intake,
      listed: tally.listed.size,
      addresses: tally.addressCount,
      votes: tally.votes,
      voters: tally.voterCount,
      vetoes: vetoes.size,
    };
  }

  close(): Promise<void> {
    this.registry.close();
    for (const stop of this.stops.splice(0)) stop();
    return Promise.resolve();
  }

  /** Answers a request, or passes it on when its path is none of ours. */
  handle(req: IncomingMessage, res: ServerResponse, next: ((err?: unknown) => void) | undefined): void {
    const route = routeOf(req.url ?? "/");
    const isOurs =
      this.endpoints.routes.has(route.path) || (this.admin !== undefined && route.path.startsWith("/admin/"));
    const linger = this.options.timeout;
    if (!isOurs) {
      if (next === undefined) send(req, res, ko(404, "There is nothing here."), linger);
      else next();
      return;
    }
    this.respond(req, route).then(
      (answer) => ("etag" in answer ? sendList(req, res, answer, linger) : send(req, res, answer, linger)),
      (error: unknown) => {
        this.warn(error);
        this.endpoints.intake.failed++;
        send(req, res, tooManyRequests(60, "The server cannot answer now."), linger);
      },
    );
  }

  private async respond(
    req: IncomingMessage,
    { path, token, query }: Route,
  ): Promise<ApiResponse | ListSnapshot> {
    const client = this.resolver.resolve(req);
    // Where anybody could choose their address, it is the peer's that counts and votes (R2).
    if (await this.limits.exceeds("address", client.vouched.key, callLimitOf(this.options))) {
      this.endpoints.intake.limited++;
      return tooManyRequests(60, "Too many requests.");
    }
    const endpoint = this.endpoints.routes.get(path);
    if (endpoint === undefined) {
      await this.registry.ready();
      return (
        (await this.admin?.handle(req, path.slice("/admin".length), query)) ??
        ko(404, "There is nothing here.")
      );
    }
    if (req.method !== endpoint.method)
      return ko(405, `Only ${endpoint.method} is answered here.`, { Allow: endpoint.method });
    return endpoint.handle({ req, client, token: token ?? tokenOf(req) });
  }

  // One secret for all servers on a store; asked for again as long as the store fails.
  private ids(): Promise<InstanceIds> {
    this.instanceIds ??= this.secret().then(
      (secret) => new InstanceIds(createHash("sha256").update(`bunkernet-server ids\n${secret}`).digest()),
    );
    this.instanceIds.catch(() => (this.instanceIds = undefined));
    return this.instanceIds;
  }

  private async secret(): Promise<string> {
    if (this.options.secret !== undefined) return this.options.secret;
    const store = new GuardedStore(this.options.store);
    const known = await store.get(SECRET_KEY);
    if (known !== undefined) return known;
    await store.add(SECRET_KEY, randomBytes(32).toString("hex"), 0);
    const made = await store.get(SECRET_KEY);
    if (made === undefined) throw new Error("the store does not keep what is written to it");
    return made;
  }

  private warn(error: unknown): void {
    this.events.warn(
      "WRN_BUNKER_BUNKERNET_SERVER",
      `the BunkerNet server could not answer: ${messageOf(error)}`,
    );
  }
}

/** A path with the invite token that it may carry: `/t/<token>/report`, for clients that can set no header. */
function routeOf(url: string): Route {
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
  const found = /^\/t\/([!-.0-~]{16,256})(\/.*)$/.exec(path);
  return found === null
    ? { path, token: undefined, query }
    : { path: found[2] as string, token: found[1], query };
}

// A test that injects a clock means the store too, unless the store has been given its own.
function adoptClock(store: object, now: () => number): void {
  const { useClock } = store as { useClock?: unknown };
  if (typeof useClock === "function") (useClock as (clock: () => number) => void).call(store, now);
}
