import { createHash } from "node:crypto";
import { BackOff } from "../back-off.js";
import { parseAddress, type Address } from "../address/address.js";
import type { Client } from "../request/client.js";
import { HOUR_MS } from "../events/active-warnings.js";
import { BunkerBanError } from "../errors.js";
import type { Figure } from "../engine/figure.js";
import type {
  Gate,
  Grounds,
  Protection,
  ProtectionExplanation,
  ProtectionHealth,
} from "../engine/protection.js";
import type { RequestView } from "../request/request-view.js";
import type { Context } from "../engine/context.js";
import { PASS, type Deny, type Verdict } from "../request/verdict.js";
import { MemoryStore } from "../store/memory-store.js";
import { isTestRun } from "../test-run.js";
import type { Awaitable } from "../awaitable.js";
import { ActiveClients } from "./active-clients.js";
import { Api, SERVER_PAUSES } from "./api.js";
import type * as FiguresModule from "./bunkernet-figures.js";
import { StateFiles } from "./state-files.js";
import type { BunkernetResolved } from "./options.js";
import { ExemptAddresses } from "./exempt-addresses.js";
import { Registration } from "./registration.js";
import { Reporter, type ReportStatus } from "./reporter.js";
import { shownServer } from "./server-url.js";
import { ThreatList, type ThreatListStatus } from "./threat-list.js";
import { withTimeout } from "../with-timeout.js";

/** The reason of this protection's denials, as in BunkerWeb. */
const REASON = "bunkernet";
/** How often due work is looked for, in ms. */
const TICK_MS = 5000;
/** How long the first requests wait for the stored list, in ms. */
const LOAD_DEADLINE_MS = 2000;

/** A new list advances the generation. */
const NOT_LISTED: Grounds = { until: Infinity };

/** The state of BunkerNet. */
export interface BunkernetStatus {
  /** The API's address, without secrets. */
  readonly server: string;
  /** `true` = on only by default, and this is a test or CI run: there is no traffic. */
  readonly quiet: boolean;
  readonly registered: boolean;
  /** The first eight characters of the instance id, which is a secret; absent = there is none yet. */
  readonly maskedId?: string;
  readonly list: ThreatListStatus;
  readonly reports: ReportStatus;
}

/** Where BunkerNet is on, and why. */
interface Participation {
  /** On only by default: then there is no traffic in tests and CI. */
  readonly byDefault?: boolean;
  /** Whether it is on for a service. Default: for all. */
  readonly takesPart?: (service: string) => boolean;
}

/** Refuses clients that other sites have reported, and reports those that were refused here. */
export class BunkernetProtection implements Protection {
  readonly name = REASON;
  private readonly quiet: boolean;
  private readonly stop = new AbortController();
  private readonly api: Api;
  private readonly registration: Registration;
  private readonly list: ThreatList;
  private readonly reporter: Reporter;
  private readonly active = new ActiveClients();
  private readonly listBackOff: BackOff;
  private readonly jitter = Math.random();
  private timer: NodeJS.Timeout | undefined;
  private ticking: Promise<void> | undefined;
  private awake = false;
  private problem: string | undefined;

  constructor(
    private readonly context: Context,
    private readonly options: BunkernetResolved,
    private readonly gate: () => Gate | undefined,
    { byDefault = false, takesPart = () => true }: Participation = {},
  ) {
    const { cacheDir, allow } = context.options;
    const { now } = context;
    this.quiet = byDefault && isTestRun();
    const name = serverName(options.server);
    const files = cacheDir === undefined ? undefined : new StateFiles(`${cacheDir}/bunkernet/${name}`);
    const prefix = `bunkernet|${name}|`;
    this.api = new Api(options, this.stop, context.meter);
    this.listBackOff = new BackOff(now, SERVER_PAUSES);
    this.registration = new Registration(context, {
      api: this.api,
      key: `state:${prefix}`,
      files,
      onFailed: (problem) => this.fault("registration", problem),
      onRegistered: (anew) =>
        this.info("bunkernet_registered", anew ? "registered again: the old id was refused" : "registered"),
    });
    this.list = new ThreatList(options, {
      files,
      exempt: () => new ExemptAddresses(allow, context.events.proxies),
      active: this.active,
      now,
      onFailed: (problem) => this.fault("list", problem),
      onMass: ({ active, affected }) => this.onMass(active, affected),
      onChange: () => context.generation.advance(),
    });
    this.reporter = new Reporter(context, options, {
      api: this.api,
      registration: this.registration,
      prefix,
      files,
      // A client that another protection refused has made a request too.
      onRequest: () => this.wake(),
      takesPart,
    });
    if (!this.quiet) this.announce(byDefault);
  }

  judge(client: Client, request: RequestView): Awaitable<Verdict> {
    this.wake();
    if (this.list.loaded) return this.look(client, request);
    const loaded = withTimeout(this.list.load(), LOAD_DEADLINE_MS, () => undefined);
    return loaded.then(() => this.look(client, request));
  }

  grounds(client: Client): Grounds | undefined {
    const address = addressOf(client);
    const passed = address === undefined || this.list.addresses?.has(address) !== true;
    return this.list.loaded && passed ? NOT_LISTED : undefined;
  }

  stands(_grounds: Grounds, client: Client): boolean {
    const address = addressOf(client);
    if (address !== undefined) this.active.add(address, this.context.now());
    return true;
  }

  async explain(client: Client, request: RequestView): Promise<ProtectionExplanation> {
    if (this.list.status.state === "none") return { verdict: "pass", reason: "no list has come yet" };
    if (client.identity.isProxy) return { verdict: "pass", reason: "a trusted proxy" };
    const address = addressOf(client);
    if (address === undefined || this.list.addresses?.has(address) !== true)
      return { verdict: "pass", reason: "not listed" };
    return { verdict: (await this.refuse(client, request)).action, reason: REASON };
  }

  /** Starts registration and download, and reads the stored list. Does not wait for the network. */
  async start(): Promise<void> {
    this.wake();
    await this.list.load();
  }

  /**
   * Whether an address is on the list that is in force.
   *
   * @throws {BunkerBanError} `ERR_BUNKER_BAN_ADDRESS` for a text that is not an address
   */
  has(ip: string): boolean {
    const address = parseAddress(ip);
    if (address === undefined)
      throw new BunkerBanError("ERR_BUNKER_BAN_ADDRESS", `"${ip.slice(0, 64)}" is not an IP address`);
    return this.list.addresses?.has(address) ?? false;
  }

  /** Registers if need be. Rejects with what went wrong. */
  async register(): Promise<void> {
    this.wake();
    if (this.quiet) throw new Error("BunkerNet is on only by default, and this is a test or CI run");
    if ((await this.registration.get(true)) === undefined)
      throw new Error(this.problem ?? "another instance is registering; try again in a minute");
  }

  /** Pings the API with the instance's id; returns its reply. Rejects with what went wrong. */
  async ping(): Promise<string> {
    await this.register();
    const outcome = await this.api.ping(this.registration.id ?? "");
    if (outcome.kind !== "ok") throw new Error(outcome.problem);
    return outcome.value;
  }

  /** Downloads the list now. Never rejects: `status()` says how it went. */
  async sync(): Promise<void> {
    if (this.quiet) return;
    this.wake();
    await this.list.load();
    await this.download(true);
  }

  /** Sends all queued reports, within a few seconds. Never rejects: `status()` says what is left. */
  async flush(): Promise<void> {
    if (this.quiet) return;
    this.wake();
    await this.reporter.flush(true);
  }

  get status(): BunkernetStatus {
    const { id } = this.registration;
    return {
      server: shownServer(this.options.server.href),
      quiet: this.quiet,
      registered: id !== undefined,
      ...(id === undefined ? {} : { maskedId: `${id.slice(0, 8)}…` }),
      list: { ...this.list.status, problem: this.problem },
      reports: this.reporter.status,
    };
  }

  health(): ProtectionHealth {
    const { list, reports } = this.status;
    const problems: string[] = [];
    if (list.problem !== undefined) problems.push(`BunkerNet: ${list.problem}`);
    if (list.state === "suspended")
      problems.push("BunkerNet: the newest list is suspended, it has too many clients");
    if (reports.problem !== undefined) problems.push(`BunkerNet reports: ${reports.problem}`);
    return { ok: problems.length === 0, problems };
  }

  figures(): readonly Figure[] {
    // Only metrics need it.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const { bunkernetFigures } = require("./bunkernet-figures.js") as typeof FiguresModule;
    return bunkernetFigures(this.status, this.context.now());
  }

  /** Sends what is due, for less than a second, and stops. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    const wasAwake = this.awake;
    this.awake = true;
    await this.reporter.close(wasAwake && !this.quiet);
    this.stop.abort();
    await this.ticking;
  }

  // There is no traffic before the first request or `ready()`.
  private wake(): void {
    if (this.awake) return;
    this.awake = true;
    void this.list.load();
    if (this.quiet || this.stop.signal.aborted) return;
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.timer.unref();
    this.tick();
  }

  private tick(): void {
    this.ticking ??= this.work().finally(() => (this.ticking = undefined));
  }

  private async work(): Promise<void> {
    await this.list.load();
    this.list.tick();
    // Up to a tenth later than due, at a different time on each instance.
    if (this.list.isDue && this.listBackOff.isOver && this.isMyTurn()) await this.download(false);
    await this.reporter.tick();
  }

  private isMyTurn(): boolean {
    const { checked } = this.list.status;
    const late = this.options.listMaxAge * 0.1 * this.jitter * 1000;
    const age = checked === undefined ? Infinity : this.context.now() - checked.getTime();
    return age < 0 || age >= this.options.listMaxAge * 1000 + late;
  }

  private async download(insist: boolean): Promise<void> {
    const id = await this.registration.get(insist);
    if (id === undefined) return;
    const outcome = await this.list.sync(this.api, id);
    if (this.stop.signal.aborted) return;
    if (outcome.kind === "ok") {
      this.registration.accepted();
      this.listBackOff.succeeded();
      this.problem = undefined;
      return;
    }
    this.listBackOff.failed(outcome.kind === "busy" ? outcome.retryAfter : 0);
    if (outcome.kind === "refused") await this.registration.refused(id);
    this.fault("list", outcome.problem);
  }

  private look(client: Client, request: RequestView): Awaitable<Verdict> {
    const address = addressOf(client);
    if (address === undefined) return PASS;
    const list = this.list.addresses;
    const listed = list?.has(address) === true;
    this.active.add(address, this.context.now());
    if (!listed) return PASS;
    this.list.denied();
    return this.list.addresses === list ? this.refuse(client, request) : PASS;
  }

  private refuse(client: Client, request: RequestView): Awaitable<Verdict> {
    const gate = this.options.action === "challenge" ? this.gate() : undefined;
    if (gate !== undefined) return gate.challenge(client, request);
    return { action: "deny", protection: this.name, reason: REASON, data: {} } satisfies Deny;
  }

  // R37: the log says which third parties receive visitors' addresses.
  private announce(byDefault: boolean): void {
    const { report, server } = this.options;
    const { cacheDir, store } = this.context.options;
    let line = report
      ? `shares addresses of refused clients, with reason, path and browser, with ${server.host}`
      : `takes a list of addresses from ${server.host} and reports nothing`;
    if (byDefault) line += "; it is on by default: bunkernet: false turns it off";
    if (cacheDir === undefined && store instanceof MemoryStore)
      line += "; without cacheDir every restart registers anew";
    this.info("bunkernet_shares", line);
  }

  private onMass(active: number, listed: number): void {
    this.context.events.warn(
      "WRN_BUNKER_MASS_BAN",
      `BunkerNet's new list has ${listed} of ${active} active clients; ${
        this.options.massList === "suspend"
          ? "it is left alone for now"
          : 'it is used all the same (massList: "suspend" would leave it alone)'
      }`,
      "BunkerNet",
      { level: "alarm", lasts: HOUR_MS, again: HOUR_MS },
    );
  }

  private info(event: string, line: string): void {
    const { logger } = this.context.options;
    if (logger !== false) logger.info(event, `BunkerNet: ${line}`);
  }

  private fault(reason: string, problem: string): void {
    this.problem = problem;
    this.context.emit("fault", { protection: this.name, reason, data: problem }, undefined, undefined);
  }
}

// Never a trusted proxy's address; instead of a private one, which any client can claim, the peer's (R2).
function addressOf({ identity, trustedIdentity }: Client): Address | undefined {
  if (identity.isProxy) return undefined;
  return identity.isGlobal
    ? identity.address
    : trustedIdentity.isGlobal
      ? trustedIdentity.address
      : undefined;
}

/** The public server and its name: the first hash of a process takes a tenth of the time of `bunker({})`. */
const PUBLIC_SERVER = { href: "https://api.bunkerweb.io/", name: "f7cf5663fa9d" };

/** The name of a server in stores and folders: two servers on one store or in one folder must not share an id. */
export function serverName({ href }: URL): string {
  if (href === PUBLIC_SERVER.href) return PUBLIC_SERVER.name;
  return createHash("sha256").update(href).digest("hex").slice(0, 12);
}
