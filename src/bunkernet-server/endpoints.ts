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

/** Bodies of calls other than reports: the instance names itself and its system. */
const MAX_SMALL_BODY = 65_536;
const HOUR = 3600;
const DAY = 24 * HOUR;
/** A larger body counts as several calls, one for each so many bytes: anybody may send one, and reading it as JSON takes time. */
const BYTES_PER_CALL = 65_536;
/** How many networks one id may keep off the list by calling from there, a day. */
const MAX_MEMBER_NETWORKS = 8;

/** What has come in since the start. */
export interface IntakeCounts {
  /** Ids given out. */
  registered: number;
  /** Reports that were counted. */
  accepted: number;
  /** Reports about addresses that may not be listed, or that could not be read. */
  refused: number;
  /** Reports of ids too young to be counted. */
  young: number;
  /** Calls over a limit. */
  limited: number;
  /** Calls that the store could not serve. */
  failed: number;
}

/** The call of one instance. */
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

type Handler = (call: InstanceCall) => Promise<ApiResponse | ListSnapshot>;

/** The four calls of BunkerNet's protocol. */
export class Endpoints {
  readonly intake: IntakeCounts = { registered: 0, accepted: 0, refused: 0, young: 0, limited: 0, failed: 0 };
  /** By path: the method and what answers it. */
  readonly routes: ReadonlyMap<string, { readonly method: string; readonly handle: Handler }> = new Map([
    ["/register", { method: "POST", handle: (call: InstanceCall) => this.register(call) }],
    ["/ping", { method: "GET", handle: (call: InstanceCall) => this.ping(call) }],
    ["/db", { method: "GET", handle: (call: InstanceCall) => this.list(call) }],
    ["/report", { method: "POST", handle: (call: InstanceCall) => this.report(call) }],
  ]);

  constructor(
    private readonly options: BunkernetServerResolved,
    private readonly ids: () => Promise<InstanceIds>,
    private readonly registry: VoteRegistry,
    private readonly published: PublishedList,
    private readonly limits: RateLimits,
    private readonly voters: VoterResolver,
    private readonly now: () => number,
  ) {}

  private async register({ req, client, token }: InstanceCall): Promise<ApiResponse> {
    if (this.voters.byInvitation && this.voters.operatorOf(token) === undefined)
      return ko(403, "An invite token is needed to register.");
    const read = await this.read(req, MAX_SMALL_BODY);
    if (read.kind === "refused") return refusal(read);
    const limit = { max: this.options.maxRegistrations, window: HOUR };
    if (await this.limits.exceeds("register", networkOf(client.vouched.address), limit))
      return this.limited(HOUR);
    const ids = await this.ids();
    this.intake.registered++;
    return ok(ids.issue(this.now()));
  }

  private async ping({ req }: InstanceCall): Promise<ApiResponse> {
    const read = await this.read(req, MAX_SMALL_BODY);
    if (read.kind === "refused") return refusal(read);
    // Monitoring asks without an id; who gives one is told whether it is known.
    if (read.kind === "none" || fieldOf(read.body, "id") === undefined) return ok("pong");
    const instance = await this.identify(read);
    return "status" in instance ? instance : ok("pong");
  }

  private async list({ req, client }: InstanceCall): Promise<ApiResponse | ListSnapshot> {
    const read = await this.read(req, MAX_SMALL_BODY);
    const instance = await this.identify(read);
    if ("status" in instance) return instance;
    // Without what is in the store the list would be empty, and clients would let go of theirs.
    await this.registry.ready();
    if (instance.mature) await this.addMember(client, instance.id);
    this.registry.expire();
    return this.published.get();
  }

  private async report({ req, client, token }: InstanceCall): Promise<ApiResponse> {
    const read = await readJsonBody(req, {
      max: this.options.maxBody,
      timeout: this.options.timeout,
      admits: (bytes) => this.admits(client, bytes),
    });
    const instance = await this.identify(read);
    if ("status" in instance) return instance;
    const voter = this.voters.voterOf(client.vouched.address, instance.id, token);
    if (voter === undefined)
      return ko(
        403,
        this.voters.byInvitation
          ? "An invite token is needed to report."
          : "Nobody knows where you call from.",
      );
    const reports = fieldOf(instance.body, "reports");
    if (!Array.isArray(reports)) return ko(400, "reports must be an array.");
    if (reports.length > MAX_REPORTS) return ko(400, `At most ${MAX_REPORTS} reports at once.`);
    const weight = Math.max(1, reports.length);
    const limit = { max: this.options.maxReports, window: HOUR };
    if (await this.limits.exceeds("reports", instance.id, limit, weight)) return this.limited(HOUR);
    const { addresses: said, refused } = readReports(reports, this.registry.reasons, this.options.allow);
    this.intake.refused += refused;
    if (!instance.mature) this.intake.young += reports.length - refused;
    else {
      await this.registry.ready();
      await this.addMember(client, instance.id);
      await this.registry.record(voter, said);
      this.intake.accepted += reports.length - refused;
    }
    // Young ids hear the same as others: which reports count is nobody's business.
    return ok("Report acknowledged.");
  }

  private read(req: IncomingMessage, max: number): Promise<JsonBody> {
    return readJsonBody(req, { max, timeout: this.options.timeout });
  }

  /** Who calls, by the id in the body; or what it is answered instead. */
  private async identify(read: JsonBody): Promise<Instance | ApiResponse> {
    if (read.kind === "refused") return refusal(read);
    const id = read.kind === "none" ? undefined : fieldOf(read.body, "id");
    const issued = typeof id === "string" ? (await this.ids()).issuedAt(id) : undefined;
    if (typeof id !== "string" || issued === undefined || read.kind === "none")
      return ko(401, "Unknown instance ID.");
    const limit = { max: this.options.maxInstanceCalls, window: 60 };
    if (await this.limits.exceeds("instance", id.toLowerCase(), limit)) return this.limited(60);
    const mature = this.now() - issued >= this.options.minIdAge * 1000;
    return { id: id.toLowerCase(), mature, body: read.body };
  }

  // One call has been counted for it already; however large, it fits into a minute in which nothing else is asked.
  private async admits(client: Client, bytes: number): Promise<boolean> {
    const weight = Math.min(Math.ceil(bytes / BYTES_PER_CALL), this.options.maxCalls) - 1;
    if (weight < 1) return true;
    const over = await this.limits.exceeds("address", client.vouched.key, callLimitOf(this.options), weight);
    if (over) this.intake.limited++;
    return !over;
  }

  // Without the limit, one id that goes round would keep a whole botnet off the list.
  private async addMember({ vouched }: Client, id: string): Promise<void> {
    const { address } = vouched;
    if (address === undefined || !vouched.isGlobal) return;
    const limit = { max: MAX_MEMBER_NETWORKS, window: DAY };
    if (!this.registry.isMember(address) && (await this.limits.exceeds("home", id, limit))) return;
    await this.registry.addMember(address);
  }

  private limited(window: number): ApiResponse {
    this.intake.limited++;
    return tooManyRequests(window, "Too many requests.");
  }
}

/** What an address may ask for. */
export function callLimitOf({ maxCalls }: Pick<BunkernetServerResolved, "maxCalls">): RateLimit {
  return { max: maxCalls, window: 60 };
}

function refusal(read: Extract<JsonBody, { kind: "refused" }>): ApiResponse {
  return read.status === 429 ? tooManyRequests(10, read.why) : ko(read.status, read.why);
}
