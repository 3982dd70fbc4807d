import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { parseAddress } from "../address/address.js";
import { ko, ok, type ApiResponse } from "./responses.js";
import type { VoteRegistry } from "./vote-registry.js";
import { tokenOf } from "./voter-resolver.js";

const MAX_ROWS = 1000;
const DEFAULT_ROWS = 100;

/** The admin calls: read the list, and veto addresses. */
export class Admin {
  private readonly digest: Buffer;

  constructor(
    token: string,
    private readonly registry: VoteRegistry,
  ) {
    this.digest = digestOf(token);
  }

  /** Handles a call below `/admin`; `path` is the part after that. */
  async handle(req: IncomingMessage, path: string, query: URLSearchParams): Promise<ApiResponse> {
    if (!timingSafeEqual(digestOf(tokenOf(req) ?? ""), this.digest))
      return ko(401, "The admin token is missing or wrong.", { "WWW-Authenticate": "Bearer" });
    const method = req.method ?? "";
    if (path === "/list") return method === "GET" ? this.list(query) : notAllowed("GET");
    if (path === "/vetoes")
      return method === "GET" ? ok([...this.registry.vetoes].sort()) : notAllowed("GET");
    const [, kind, text] = /^\/(list|vetoes)\/([^/]+)$/.exec(path) ?? [];
    if (kind === undefined || text === undefined) return ko(404, "There is nothing here.");
    const ip = addressIn(text);
    if (ip === undefined) return ko(400, "This is not an IP address.");
    if (kind === "list" && method === "GET") return ok(this.entry(ip));
    if (method !== "DELETE") return notAllowed(kind === "list" ? "GET, DELETE" : "DELETE");
    if (kind === "vetoes")
      return (await this.registry.liftVeto(ip)) ? ok("Veto lifted.") : ko(404, "There is no such veto.");
    return (await this.registry.veto(ip)) ? ok("Vetoed.") : ko(400, "There are too many vetoes.");
  }

  /** A page of the listed addresses, or with `all=yes` of all reported ones, sorted as text. */
  private list(query: URLSearchParams): ApiResponse {
    const limit = Number(query.get("limit") ?? DEFAULT_ROWS);
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_ROWS)
      return ko(400, `limit must be a whole number from 1 to ${MAX_ROWS}.`);
    this.registry.expire();
    const { counter } = this.registry;
    const after = query.get("after") ?? "";
    const from = query.get("all") === "yes" ? counter.reported() : counter.listed.values();
    const ips = [...from].filter((ip) => ip > after).sort();
    const entries = ips.slice(0, limit).map((ip) => this.entry(ip));
    const total = query.get("all") === "yes" ? counter.addressCount : counter.listed.size;
    return ok({ entries, total, next: ips.length > limit ? ips[limit - 1] : null });
  }

  // `reasons` are the numbers of voters by reason. An address is listed from a score of `minInstances`.
  private entry(ip: string) {
    const votes = this.registry.counter.votesOn(ip);
    const reasons = new Map<string, number>();
    for (const vote of votes)
      for (const name of this.registry.reasons.namesOf(vote.reasons))
        reasons.set(name, (reasons.get(name) ?? 0) + 1);
    const time = (ms: number): string => (votes.length === 0 ? "" : new Date(ms).toISOString());
    return {
      ip,
      listed: this.registry.counter.listed.has(ip),
      vetoed: this.registry.vetoes.has(ip),
      score: this.registry.counter.scoreOf(ip),
      voters: votes.length,
      reasons: Object.fromEntries(reasons),
      reports: votes.reduce((sum, vote) => sum + vote.count, 0),
      first: time(Math.min(...votes.map((vote) => vote.first))),
      last: time(Math.max(...votes.map((vote) => vote.last))),
    };
  }
}

function addressIn(text: string): string | undefined {
  try {
    return parseAddress(decodeURIComponent(text))?.text;
  } catch {
    return undefined;
  }
}

function notAllowed(allow: string): ApiResponse {
  return ko(405, `Only ${allow} is allowed here.`, { Allow: allow });
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
