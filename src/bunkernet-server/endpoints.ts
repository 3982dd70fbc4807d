import type { IncomingMessage } from "node:http";
import type { Client } from "../request/client.js";
import { ko, later, ok, type Answer } from "./answers.js";
import type { InstanceIds } from "./instance-ids.js";
import { fieldOf, readJsonBody, type JsonBody } from "./json-body.js";
import type { Ledger } from "./ledger.js";
import type { Limit, Limits } from "./limits.js";
import type { BunkernetServerResolved } from "./options.js";
import type { PublishedList, Publication } from "./published-list.js";
import { MOST_REPORTS, readReports } from "./report-body.js";
import { networkOf, type Voters } from "./voters.js";

/** Bodies of calls other than reports: the instance names itself and its system. */
const SMALL_BODY = 65_536;
const HOUR = 3600;
const DAY = 24 * HOUR;
/** A larger body counts as several calls, one for each so many bytes: anybody may send one, and reading it as JSON takes time. */
const BYTES_PER_CALL = 65_536;
/** How many networks one id may keep off the list by calling from there, a day. */
const MOST_HOMES = 8;

/** What has come in since the start. */
export interface Intake {
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
export interface Call {
  readonly req: IncomingMessage;
  readonly client: Client;
  readonly token: string | undefined;
}

interface Instance {
  readonly id: string;
  readonly mature: boolean;
  readonly body: Readonly<Record<string, unknown>>;
}

type Handler = (call: Call) => Promise<Answer | Publication>;

/** The four calls of BunkerNet's protocol. */
export class Endpoints {
  readonly intake: Intake = { registered: 0, accepted: 0, refused: 0, young: 0, limited: 0, failed: 0 };
  /** By path: the method and what answers it. */
  readonly routes: ReadonlyMap<string, { readonly method: string; readonly handle: Handler }> = new Map([
    ["/register", { method: "POST", handle: (call: Call) => this.register(call) }],
    ["/ping", { method: "GET", handle: (call: Call) => this.ping(call) }],
    ["/db", { method: "GET", handle: (call: Call) => this.list(call) }],
    ["/report", { method: "POST", handle: (call: Call) => this.report(call) }],
  ]);

  constructor(
    private readonly options: BunkernetServerResolved,
    private readonly ids: () => Promise<InstanceIds>,
    private readonly ledger: Ledger,
    private readonly published: PublishedList,
    private readonly limits: Limits,
    private readonly voters: Voters,
    private readonly now: () => number,
  ) {}

  private async register({ req, client, token }: Call): Promise<Answer> {
    if (this.voters.byInvitation && this.voters.operatorOf(token) === undefined)
      return ko(403, "An invite token is needed to register.");
    const read = await this.read(req, SMALL_BODY);
    if (read.kind === "refused") return refusal(read);
    const most = { most: this.options.maxRegistrations, window: HOUR };
    if (await this.limits.exceeds("register", networkOf(client.vouched.address), most))
      return this.over(HOUR);
    const ids = await this.ids();
    this.intake.registered++;
    return ok(ids.issue(this.now()));
  }

  private async ping({ req }: Call): Promise<Answer> {
    const read = await this.read(req, SMALL_BODY);
    if (read.kind === "refused") return refusal(read);
    // Monitoring asks without an id; who gives one is told whether it is known.
    if (read.kind === "none" || fieldOf(read.body, "id") === undefined) return ok("pong");
    const instance = await this.identify(read);
    return "status" in instance ? instance : ok("pong");
  }

  private async list({ req, client }: Call): Promise<Answer | Publication> {
    const read = await this.read(req, SMALL_BODY);
    const instance = await this.identify(read);
    if ("status" in instance) return instance;
    // Without what is in the store the list would be empty, and clients would let go of theirs.
    await this.ledger.ready();
    if (instance.mature) await this.see(client, instance.id);
    this.ledger.expire();
    return this.published.get();
  }

  private async report({ req, client, token }: Call): Promise<Answer> {
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
    if (reports.length > MOST_REPORTS) return ko(400, `At most ${MOST_REPORTS} reports at once.`);
    const weight = Math.max(1, reports.length);
    const most = { most: this.options.maxReports, window: HOUR };
    if (await this.limits.exceeds("reports", instance.id, most, weight)) return this.over(HOUR);
    const { said, refused } = readReports(reports, this.ledger.reasons, this.options.allow);
    this.intake.refused += refused;
    if (!instance.mature) this.intake.young += reports.length - refused;
    else {
      await this.ledger.ready();
      await this.see(client, instance.id);
      await this.ledger.record(voter, said);
      this.intake.accepted += reports.length - refused;
    }
    // Young ids hear the same as others: which reports count is nobody's business.
    return ok("Report acknowledged.");
  }

  private read(req: IncomingMessage, max: number): Promise<JsonBody> {
    return readJsonBody(req, { max, timeout: this.options.timeout });
  }

  /** Who calls, by the id in the body; or what it is answered instead. */
  private async identify(read: JsonBody): Promise<Instance | Answer> {
    if (read.kind === "refused") return refusal(read);
    const id = read.kind === "none" ? undefined : fieldOf(read.body, "id");
    const issued = typeof id === "string" ? (await this.ids()).issuedAt(id) : undefined;
    if (typeof id !== "string" || issued === undefined || read.kind === "none")
      return ko(401, "Unknown instance ID.");
    const most = { most: this.options.maxInstanceCalls, window: 60 };
    if (await this.limits.exceeds("instance", id.toLowerCase(), most)) return this.over(60);
    const mature = this.now() - issued >= this.options.minIdAge * 1000;
    return { id: id.toLowerCase(), mature, body: read.body };
  }

  // One call has been counted for it already; however large, it fits into a minute in which nothing else is asked.
  private async admits(client: Client, bytes: number): Promise<boolean> {
    const weight = Math.min(Math.ceil(bytes / BYTES_PER_CALL), this.options.maxCalls) - 1;
    if (weight < 1) return true;
    const over = await this.limits.exceeds("address", client.vouched.key, callsOf(this.options), weight);
    if (over) this.intake.limited++;
    return !over;
  }

  // Without the limit, one id that goes round would keep a whole botnet off the list.
  private async see({ vouched }: Client, id: string): Promise<void> {
    const { address } = vouched;
    if (address === undefined || !vouched.isGlobal) return;
    const most = { most: MOST_HOMES, window: DAY };
    if (!this.ledger.knows(address) && (await this.limits.exceeds("home", id, most))) return;
    await this.ledger.see(address);
  }

  private over(window: number): Answer {
    this.intake.limited++;
    return later(window, "Too many requests.");
  }
}

/** What an address may ask for. */
export function callsOf({ maxCalls }: Pick<BunkernetServerResolved, "maxCalls">): Limit {
  return { most: maxCalls, window: 60 };
}

function refusal(read: Extract<JsonBody, { kind: "refused" }>): Answer {
  return read.status === 429 ? later(10, read.why) : ko(read.status, read.why);
}
