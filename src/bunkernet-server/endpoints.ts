import type { IncomingMessage } from "node:http";
import type { Client } from "../request/client.js";
import { ko, tooManyRequests, ok, type ApiResponse } from "./responses.js";
import type { InstanceIds } from "./instance-ids.js";
import { fieldOf, readJsonBody, type JsonBody } from "./json-body.js";
import type { VoteRegistry } from "./vote-registry.js";
import type { RateLimit, RateLimits } from "./rate-limits.js";
import type { BunkernetServerResolved } from "./options.js";
import type { PublishedList, ListSnapshot } from "./published-list.js";
import { MAX_REPORTS, readReports } from "./report-body.js";
import { networkOf, type VoterResolver } from "./voter-resolver.js";

/** The maximum body of calls other than reports, which name the instance and its system. */
const MAX_SMALL_BODY = 65_536;
const HOUR = 3600;
const DAY = 24 * HOUR;
/** A larger body counts as one call per this many bytes: any client may send one, and parsing JSON takes time. */
const BYTES_PER_CALL = 65_536;
/** How many networks per day one id may keep off the list by calling from there. */
const MAX_MEMBER_NETWORKS = 8;

/** Counters since the start. */
export interface IntakeCounts {
  /** Ids issued. */
  registered: number;
  /** Reports that were counted. */
  accepted: number;
  /** Reports that could not be read or whose address may not be listed. */
  refused: number;
  /** Reports of ids that are too young to count. */
  young: number;
  /** Calls over a limit. */
  limited: number;
  /** Calls that failed because of the store. */
  failed: number;
}

/** A call of one instance. */
export interface InstanceCall {
  readonly req: IncomingMessage;
  readonly client: Client;
  readonly token: string | undefined;
}

interface Instance {
  readonly id: string;
  readonly mature: boolean;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The parts of the server that the endpoints use. */
export interface ServerContext {
  readonly options: BunkernetServerResolved;
  readonly ids: () => Promise<InstanceIds>;
  readonly registry: VoteRegistry;
  readonly published: PublishedList;
  readonly limits: RateLimits;
  readonly voters: VoterResolver;
  readonly now: () => number;
}

type Handler = (call: InstanceCall) => Promise<ApiResponse | ListSnapshot>;

/** The four calls of the BunkerNet protocol. */
export class Endpoints {
  readonly intake: IntakeCounts = { registered: 0, accepted: 0, refused: 0, young: 0, limited: 0, failed: 0 };
  /** Method and handler by path. */
  readonly routes: ReadonlyMap<string, { readonly method: string; readonly handle: Handler }> = new Map([
    ["/register", { method: "POST", handle: (call: InstanceCall) => this.register(call) }],
    ["/ping", { method: "GET", handle: (call: InstanceCall) => this.ping(call) }],
    ["/db", { method: "GET", handle: (call: InstanceCall) => this.list(call) }],
    ["/report", { method: "POST", handle: (call: InstanceCall) => this.report(call) }],
  ]);

  constructor(private readonly server: ServerContext) {}

  private async register({ req, client, token }: InstanceCall): Promise<ApiResponse> {
    if (this.server.voters.byInvitation && this.server.voters.operatorOf(token) === undefined)
      return ko(403, "An invite token is needed to register.");
    const read = await this.read(req, MAX_SMALL_BODY);
    if (read.kind === "refused") return refusal(read);
    const limit = { max: this.server.options.maxRegistrations, window: HOUR };
    if (await this.server.limits.exceeds("register", networkOf(client.trustedIdentity.address), limit))
      return this.limited(HOUR);
    const ids = await this.server.ids();
    this.intake.registered++;
    return ok(ids.issue(this.server.now()));
  }

  private async ping({ req }: InstanceCall): Promise<ApiResponse> {
    const read = await this.read(req, MAX_SMALL_BODY);
    if (read.kind === "refused") return refusal(read);
    // Monitoring calls without an id; a call with an id learns whether it is valid.
    if (read.kind === "none" || fieldOf(read.body, "id") === undefined) return ok("pong");
    const instance = await this.identify(read);
    return "status" in instance ? instance : ok("pong");
  }

  private async list({ req, client }: InstanceCall): Promise<ApiResponse | ListSnapshot> {
    const read = await this.read(req, MAX_SMALL_BODY);
    const instance = await this.identify(read);
    if ("status" in instance) return instance;
    // Before the store was read the list would be empty, and clients would drop theirs.
    await this.server.registry.ready();
    if (instance.mature) await this.addMember(client, instance.id);
    this.server.registry.expire();
    return this.server.published.get();
  }

  private async report({ req, client, token }: InstanceCall): Promise<ApiResponse> {
    const read = await readJsonBody(req, {
      max: this.server.options.maxBody,
      timeout: this.server.options.timeout,
      admits: (bytes) => this.admits(client, bytes),
    });
    const instance = await this.identify(read);
    if ("status" in instance) return instance;
    const voter = this.server.voters.voterOf(client.trustedIdentity.address, instance.id, token);
    if (voter === undefined && this.server.voters.byInvitation)
      return ko(403, "An invite token is needed to report.");
    if (voter === undefined) return ko(403, "The address of this connection is unknown.");
    const reports = fieldOf(instance.body, "reports");
    if (!Array.isArray(reports)) return ko(400, "reports must be an array.");
    if (reports.length > MAX_REPORTS) return ko(400, `At most ${MAX_REPORTS} reports at once.`);
    const weight = Math.max(1, reports.length);
    const limit = { max: this.server.options.maxReports, window: HOUR };
    if (await this.server.limits.exceeds("reports", instance.id, limit, weight)) return this.limited(HOUR);
    const { registry, options } = this.server;
    const { addresses, refused } = readReports(reports, registry.reasons, options.allow);
    this.intake.refused += refused;
    if (!instance.mature) this.intake.young += reports.length - refused;
    else {
      await registry.ready();
      await this.addMember(client, instance.id);
      await registry.record(voter, addresses);
      this.intake.accepted += reports.length - refused;
    }
    // Young ids get the same response: a client must not learn which reports count.
    return ok("Report acknowledged.");
  }

  private read(req: IncomingMessage, max: number): Promise<JsonBody> {
    return readJsonBody(req, { max, timeout: this.server.options.timeout });
  }

  /** The instance by the id in the body, or an error response. */
  private async identify(read: JsonBody): Promise<Instance | ApiResponse> {
    if (read.kind === "refused") return refusal(read);
    const id = read.kind === "none" ? undefined : fieldOf(read.body, "id");
    const issued = typeof id === "string" ? (await this.server.ids()).issuedAt(id) : undefined;
    if (typeof id !== "string" || issued === undefined || read.kind === "none")
      return ko(401, "Unknown instance ID.");
    const limit = { max: this.server.options.maxInstanceCalls, window: 60 };
    if (await this.server.limits.exceeds("instance", id.toLowerCase(), limit)) return this.limited(60);
    const mature = this.server.now() - issued >= this.server.options.minIdAge * 1000;
    return { id: id.toLowerCase(), mature, body: read.body };
  }

  // One call has been counted already. Any body fits into the limit if it is the only call of the minute.
  private async admits(client: Client, bytes: number): Promise<boolean> {
    const weight = Math.min(Math.ceil(bytes / BYTES_PER_CALL), this.server.options.maxCalls) - 1;
    if (weight < 1) return true;
    const limit = callLimitOf(this.server.options);
    const over = await this.server.limits.exceeds("address", client.trustedIdentity.key, limit, weight);
    if (over) this.intake.limited++;
    return !over;
  }

  // Without the limit, one id could keep a whole botnet off the list.
  private async addMember({ trustedIdentity }: Client, id: string): Promise<void> {
    const { address } = trustedIdentity;
    if (address === undefined || !trustedIdentity.isGlobal) return;
    const limit = { max: MAX_MEMBER_NETWORKS, window: DAY };
    if (!this.server.registry.isMember(address) && (await this.server.limits.exceeds("home", id, limit)))
      return;
    await this.server.registry.addMember(address);
  }

  private limited(window: number): ApiResponse {
    this.intake.limited++;
    return tooManyRequests(window, "Too many requests.");
  }
}

/** The limit of calls per address. */
export function callLimitOf({ maxCalls }: Pick<BunkernetServerResolved, "maxCalls">): RateLimit {
  return { max: maxCalls, window: 60 };
}

function refusal(read: Extract<JsonBody, { kind: "refused" }>): ApiResponse {
  return read.status === 429 ? tooManyRequests(10, read.why) : ko(read.status, read.why);
}
