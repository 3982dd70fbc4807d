import { REASON } from "../../bad-behavior/bad-behavior-bans.js";
import type { Evidence } from "../../bad-behavior/index.js";
import { badBehaviorTable } from "../../bad-behavior/options.js";
import type { BunkerOptions } from "../../bunker/bunker.js";
import { parseForwarded } from "../../address/address.js";
import { Client } from "../../request/client.js";
import type { BunkerEvent } from "../../events/event-bus.js";
import type { Logger } from "../../log/logger.js";
import { switched, allProblemsAtOnce, readOptions } from "../../options/table.js";
import type { Engine } from "../../engine/engine.js";
import type { Pipeline } from "../../engine/pipeline.js";
import { RecentMap } from "../../recent-map.js";
import { RequestView } from "../../request/request-view.js";
import type { RequestLike } from "../../request/request-like.js";
import { Context } from "../../engine/context.js";
import { sharedTable, type SharedOptions, type SharedResolved } from "../../engine/shared-options.js";
import { isThenable } from "../../awaitable.js";
import { Composition } from "../../bunker/compose.js";
import type { ProtectionOptions } from "../../bunker/options.js";
import { ownOptionsOf, serviceOptionsOf } from "../../bunker/service-options.js";
import { MemoryStore } from "../../store/memory-store.js";
import type { LogEntry } from "./log-entry.js";
import { Visitor } from "./visitor.js";

export interface ForecastBan {
  readonly time: Date;
  readonly ip: string;
  readonly service: string;
  readonly scope: "service" | "global";
  readonly expires: Date | null;
  /** How many answers of each status were counted. */
  readonly counted: Readonly<Record<string, number>>;
  /** The last of the answers that were counted. */
  readonly evidence: readonly Evidence[];
  /** How many different paths they were for. */
  readonly paths: number;
  /** What is known of the client at the end of the log. */
  readonly visitor: Visitor;
  /** Requests of the log that it would have refused. */
  refused: number;
}

/** Clients and bans that are kept in mind; more are only counted. */
const MAX_CLIENTS = 200_000;
const MAX_BANS = 50_000;
/** Counted answers that are kept of each ban. */
const MAX_EVIDENCE = 10;
/** How much older than the line before a line may be, in ms: logs are written when answers end. */
const DISORDER_MS = 60_000;
/** A line from further ahead has a wrong date, in ms. */
const AHEAD_MS = 86_400_000;

/** Replays a log: Bad Behavior itself counts and bans, on a store in memory whose clock is the log's. */
export class Replay {
  readonly bans: ForecastBan[] = [];
  readonly warnings = new Set<string>();
  banCount = 0;
  requests = 0;
  refused = 0;
  allowed = 0;
  unknownHosts = 0;
  /** Requests whose address or date cannot be right. */
  strange = 0;
  /** Requests that are much older than the one before. */
  outOfOrder = 0;
  private readonly clients = new RecentMap<string, Visitor>(MAX_CLIENTS);
  private readonly bannedVisitors = new Map<string, Visitor>();
  private readonly inForce = new Map<string, ForecastBan>();
  private readonly context: Context;
  private readonly engine: Engine;
  private readonly store = new MemoryStore();
  private clock = 0;
  private first = Infinity;
  private readonly latest = Date.now() + AHEAD_MS;

  /** @param options those of an app; only what Bad Behavior needs is looked at */
  constructor(options: BunkerOptions) {
    const logger: Logger = {
      info: () => undefined,
      warn: (message) => this.warnings.size < 20 && this.warnings.add(message),
      error: (message) => this.warnings.size < 20 && this.warnings.add(message),
    };
    const shared = Object.fromEntries(
      Object.keys(sharedTable).map((name) => [name, (options as Record<string, unknown>)[name]]),
    );
    const args: SharedOptions = {
      ...withoutOwn(shared),
      store: this.store,
      mode: "block",
      logger,
      logEvents: ["fault"],
      now: () => this.clock,
    };
    const context = (this.context = allProblemsAtOnce(
      (report) => new Context(readOptions(sharedTable, args, "", report), args),
    ));
    const services = new Map<string, ProtectionOptions>();
    for (const [name, own] of ownOptionsOf(options.services)) {
      const merged = serviceOptionsOf(options as Readonly<Record<string, unknown>>, own);
      const allow = readOptions(sharedTable, { allow: merged["allow"] }, "", () => undefined).allow;
      services.set(name, onlyBadBehavior({ ...context.options, allow }, merged["badBehavior"]));
    }
    const common = onlyBadBehavior(context.options, options.badBehavior);
    this.engine = new Composition(context, { common, services }).engine;
    context.events.on("banned", (event) => this.note(event));
  }

  /** How many clients were seen, up to the most that are kept in mind. */
  get clientCount(): number {
    return this.clients.size;
  }

  get span(): { readonly from: Date; readonly to: Date } | undefined {
    return this.requests === 0 ? undefined : { from: new Date(this.first), to: new Date(this.clock) };
  }

  async ready(): Promise<void> {
    await this.context.banIndex.ready();
  }

  async take(entry: LogEntry, defaultHost: string | undefined): Promise<void> {
    const address = parseForwarded(entry.ip);
    if (address === undefined || entry.time > this.latest) {
      this.strange++;
      return;
    }
    this.requests++;
    if (entry.time < this.clock - DISORDER_MS) {
      this.outOfOrder++;
      return;
    }
    this.first = Math.min(this.first, entry.time);
    this.clock = Math.max(this.clock, entry.time);
    const { resolver, options } = this.context;
    const raw = requestOf(entry, address.text, defaultHost);
    const { identity } = resolver.connectionClient(address.text);
    const service = resolver.config.services.nameOf(raw);
    const client = new Client(identity, identity, identity, service);
    const visitor = this.visitorOf(client.key);
    visitor.saw(entry);
    if (service === undefined && options.unknownHost === "deny") {
      this.unknownHosts++;
      return;
    }
    const pipeline = this.engine.pipelineOf(client);
    if (pipeline.allows(client)) {
      this.allowed++;
      return;
    }
    await this.judge(pipeline, client, RequestView.of(raw, client, resolver), entry.status);
  }

  close(): void {
    this.context.close();
    this.store.close();
  }

  private async judge(
    pipeline: Pipeline,
    client: Client,
    request: RequestView,
    status: number,
  ): Promise<void> {
    for (const protection of pipeline.protections) {
      const verdict = protection.judge(client, request);
      const { action } = isThenable(verdict) ? await verdict : verdict;
      if (action === "pass") continue;
      // It would have been our response, which counts for nothing.
      this.refused++;
      const ban = this.inForce.get(`${client.key}|${client.service ?? ""}`) ?? this.inForce.get(client.key);
      if (ban !== undefined) ban.refused++;
      return;
    }
    pipeline.responseEnded(client, request, status);
    // A ban that was just earned is in force before the log's clock goes on.
    const after = pipeline.protections.at(-1)?.judge(client, request);
    if (isThenable(after)) await after;
  }

  private visitorOf(key: string): Visitor {
    let visitor = this.bannedVisitors.get(key) ?? this.clients.get(key);
    if (visitor === undefined) this.clients.set(key, (visitor = new Visitor()));
    return visitor;
  }

  private note({ ip, service, reason, data, time }: BunkerEvent): void {
    if (reason !== REASON) return;
    this.banCount++;
    if (this.bans.length >= MAX_BANS) return;
    const { scope, expires, evidence, statuses } = data as Pick<
      ForecastBan,
      "scope" | "expires" | "evidence"
    > & { statuses: ForecastBan["counted"] };
    const visitor = this.visitorOf(ip);
    this.bannedVisitors.set(ip, visitor);
    const total = Object.values(statuses).reduce((sum, count) => sum + count, 0);
    const ban: ForecastBan = {
      time,
      ip,
      service,
      scope,
      expires,
      counted: statuses,
      evidence: evidence.slice(0, MAX_EVIDENCE),
      // Of the answers that are no longer in the evidence, the paths are not known.
      paths: new Set(evidence.map(({ path }) => path)).size + total - evidence.length,
      visitor,
      refused: 0,
    };
    this.bans.push(ban);
    this.inForce.set(scope === "global" ? ip : `${ip}|${service}`, ban);
  }
}

function onlyBadBehavior(shared: SharedResolved, input: unknown): ProtectionOptions {
  const badBehavior = allProblemsAtOnce((report) =>
    input === undefined
      ? readOptions(badBehaviorTable, {}, "badBehavior", report)
      : switched(badBehaviorTable).read(input, "badBehavior", report),
  );
  return { ...shared, antibot: false, dnsbl: false, bunkernet: false, badBehavior: badBehavior ?? false };
}

// What a service has of its own is no business of the table of all.
function withoutOwn(args: SharedOptions): SharedOptions {
  const { services } = args;
  if (typeof services !== "object" || Array.isArray(services)) return args;
  const names = Object.entries(services as Readonly<Record<string, { aliases?: readonly string[] }>>).map(
    ([name, { aliases }]) => [name, aliases === undefined ? {} : { aliases }] as const,
  );
  return { ...args, services: Object.fromEntries(names) };
}

function requestOf(entry: LogEntry, ip: string, defaultHost: string | undefined): RequestLike {
  const host = entry.host ?? defaultHost;
  return {
    method: entry.method,
    url: entry.url,
    headers: {
      ...(host === undefined ? {} : { host }),
      ...(entry.userAgent === undefined ? {} : { "user-agent": entry.userAgent }),
    },
    socket: { remoteAddress: ip },
  };
}
