import { randomBytes, createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { ClientResolver } from "../request/client-resolver.js";
import type { Health } from "../engine/engine.js";
import { messageOf } from "../errors.js";
import { EventBus } from "../events/event-bus.js";
import { StoreScope } from "../store/store-scope.js";
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

/** The state of a server. */
export interface BunkernetServerStatus extends Readonly<IntakeCounts> {
  /** Addresses on the list. */
  readonly listed: number;
  /** Reported addresses. */
  readonly addresses: number;
  readonly votes: number;
  readonly voters: number;
  readonly vetoes: number;
}

/** A BunkerNet server: identifies the client, handles the call, and sends a response even if that fails. */
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
    const scope = StoreScope.of(store);
    this.events = scope.get(EventBus);
    if (options.logger !== false) this.stops.push(this.events.addLogger(options.logger));
    const now = options.now ?? Date.now;
    if (options.now !== undefined) scope.useClock(options.now);
    const { clientIp, trustProxy } = options;
    const services = new Services("bunkernet-server", new Map(), undefined);
    this.resolver = new ClientResolver({ clientIp, trustProxy, ipv6Subnet: 64, services }, this.events, now);
    this.registry = new VoteRegistry(store, options, now);
    this.limits = new RateLimits(store);
    this.published = new PublishedList(this.registry.counter);
    this.endpoints = new Endpoints({
      options,
      ids: () => this.ids(),
      registry: this.registry,
      published: this.published,
      limits: this.limits,
      voters: new VoterResolver(options.voteBy, options.tokens),
      now,
    });
    this.admin = options.admin === undefined ? undefined : new Admin(options.admin.token, this.registry);
    // An app that does not wait for `ready()` gets the failure in the response to each call.
    this.ready().catch((error: unknown) => this.warn(error));
  }

  /** Resolves when the store has been read and the list can be served. */
  async ready(): Promise<void> {
    await this.ids();
    await this.registry.ready();
    await this.published.get();
  }

  /** Reads everything from the store again. */
  async sync(): Promise<void> {
    await this.registry.reload();
    this.registry.expire();
    await this.published.get();
  }

  health(): Health {
    const { problem } = this.registry;
    const ok = problem === undefined;
    const own = { "bunkernet-server": { ok, problems: ok ? [] : [problem] } };
    const problems = this.resolver.trustProblems();
    if (problems.length === 0) return { ok, protections: own };
    return { ok: false, protections: { client: { ok: false, problems }, ...own } };
  }

  get status(): BunkernetServerStatus {
    this.registry.expire();
    const { counter, vetoes } = this.registry;
    return {
      ...this.endpoints.intake,
      listed: counter.listed.size,
      addresses: counter.addressCount,
      votes: counter.votes,
      voters: counter.voterCount,
      vetoes: vetoes.size,
    };
  }

  close(): Promise<void> {
    this.registry.close();
    for (const stop of this.stops.splice(0)) stop();
    return Promise.resolve();
  }

  /** Handles a request, or calls `next` if the path is not one of the server's. */
  handle(req: IncomingMessage, res: ServerResponse, next: ((err?: unknown) => void) | undefined): void {
    const route = routeOf(req.url ?? "/");
    const isHandled =
      this.endpoints.routes.has(route.path) || (this.admin !== undefined && route.path.startsWith("/admin/"));
    const linger = this.options.timeout;
    if (!isHandled) {
      if (next === undefined) send(req, res, ko(404, "There is nothing here."), linger);
      else next();
      return;
    }
    this.respond(req, route).then(
      (response) =>
        "etag" in response ? sendList(req, res, response, linger) : send(req, res, response, linger),
      (error: unknown) => {
        this.warn(error);
        this.endpoints.intake.failed++;
        send(req, res, tooManyRequests(60, "The server cannot respond now."), linger);
      },
    );
  }

  private async respond(
    req: IncomingMessage,
    { path, token, query }: ReturnType<typeof routeOf>,
  ): Promise<ApiResponse | ListSnapshot> {
    const client = this.resolver.resolve(req);
    // If clients can choose their address, the peer's address counts and votes (R2).
    if (await this.limits.exceeds("address", client.trustedIdentity.key, callLimitOf(this.options))) {
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
      return ko(405, `Only ${endpoint.method} is allowed here.`, { Allow: endpoint.method });
    return endpoint.handle({ req, client, token: token ?? tokenOf(req) });
  }

  // One secret for all servers on a store; read again as long as the store fails.
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
    this.events.warn("WRN_BUNKER_BUNKERNET_SERVER", `the BunkerNet server failed: ${messageOf(error)}`);
  }
}

/** Parses a URL. A path may contain an invite token, for clients that cannot set a header: `/t/<token>/report`. */
function routeOf(url: string) {
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
  const found = /^\/t\/([!-.0-~]{16,256})(\/.*)$/.exec(path);
  return found === null
    ? { path, token: undefined, query }
    : { path: found[2] as string, token: found[1], query };
}
