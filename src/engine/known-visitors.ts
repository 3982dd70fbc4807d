import { RecentMap } from "../recent-map.js";
import type { Client } from "../request/client.js";
import type { RequestView } from "../request/request-view.js";
import type { Grounds, Protection } from "./protection.js";

/** The maximum number of visitors. */
const MAX_VISITORS = 20_000;
/** The longest cookies and User-Agent together that are remembered, in characters: the client chooses them. */
const MAX_TEXT = 2048;

/** Counts the changes that may void any pass: visitors that were remembered before one are judged again. */
export class Generation {
  value = 0;

  /** Notes a change. */
  advance(): void {
    this.value++;
  }
}

/** A client whose last request was let in by a good pass, and everything that this depended on. */
export interface KnownVisitor {
  /** Stands for addresses, trust in proxies and service: clients are compared by reference. */
  readonly client: Client;
  readonly cookie: string;
  readonly userAgent: string | undefined;
  /** What shows whether the connection is encrypted, on which the cookies' names depend. */
  readonly encrypted: boolean | undefined;
  readonly forwardedProto: string | string[] | undefined;
  /** From when until when it holds, in ms; if the clock was set back behind that, the protections judge again. */
  readonly since: number;
  until: number;
  readonly generation: number;
  /** What each protection's pass rests on, in the order of the protections. */
  readonly grounds: readonly (Grounds | undefined)[];
}

/**
 * Remembers visitors with a good pass, so that most protections need not judge their next requests in full. What a verdict depends
 * on is here or in a protection's {@link Protection.stands}:
 *
 * - bans, marks of bans that are over, revoked passes, the escalation of challenges, `allow`, exempt addresses and the Host are
 *   looked at for every request, as are Bad Behavior's counts;
 * - the client, its cookies, its User-Agent and whether its connection is encrypted are compared;
 * - BunkerNet's list, forgotten verdicts of DNSBL and a mode that is set at run time advance the {@link Generation};
 * - the age of the pass and of each kind solved for it, its renewal, and the age of DNSBL's verdict bound the time;
 * - paths of the gate and paths that are never gated, preflights, and every verdict other than a plain pass are judged in full;
 * - with `skip`, `include`, a rule that exempts requests, a hook that chooses the challenge, or passes kept in sessions, nothing is
 *   remembered;
 * - services, secrets, epoch and all other options, the configured mode among them, never change.
 */
export class KnownVisitors {
  /** How many requests were of remembered visitors, and how many were not. */
  hits = 0;
  misses = 0;
  private readonly visitors = new RecentMap<string, KnownVisitor>(MAX_VISITORS);

  /** @param now the clock, in ms */
  constructor(
    private readonly protections: readonly Protection[],
    private readonly generation: Generation,
    private readonly now: () => number,
  ) {}

  /** Returns what is known of the client, if its request looks like the one that was let in; the protections have their say. */
  recall(client: Client, { raw }: RequestView): KnownVisitor | undefined {
    const known = this.visitors.get(client.key);
    if (known === undefined) {
      this.misses++;
      return undefined;
    }
    const { headers } = raw;
    const now = this.now();
    const holds =
      known.client === client &&
      known.generation === this.generation.value &&
      headers.cookie === known.cookie &&
      headers["user-agent"] === known.userAgent &&
      headers["x-forwarded-proto"] === known.forwardedProto &&
      raw.socket?.encrypted === known.encrypted &&
      known.since <= now &&
      now < known.until;
    if (holds) {
      this.hits++;
      return known;
    }
    this.misses++;
    // It is about the client's last request: what another one leads to may matter to this one.
    known.until = 0;
    return undefined;
  }

  /** Whether the pass of the protection with a number stands for a request of a visitor that {@link recall} has returned. */
  stands({ client, grounds }: KnownVisitor, index: number, request: RequestView): boolean {
    const ground = grounds[index];
    if (ground === undefined) return false;
    try {
      return this.protections[index]?.stands?.(ground, client, request) === true;
    } catch {
      // Its `judge` meets the same error, which is emitted.
      return false;
    }
  }

  /** Remembers the client of a request that all protections have just let pass, if it has a pass. */
  remember(client: Client, request: RequestView): void {
    const { raw, pass, cookies } = request;
    const { cookie, "user-agent": userAgent } = raw.headers;
    if (pass === undefined || cookies !== undefined || typeof cookie !== "string") return;
    if (cookie.length + (userAgent?.length ?? 0) > MAX_TEXT) return;
    const since = this.now();
    let until = Infinity;
    const grounds: (Grounds | undefined)[] = [];
    for (const protection of this.protections) {
      const ground = protection.grounds?.(client, request);
      if (protection.grounds !== undefined && ground === undefined) return;
      if (ground !== undefined) until = Math.min(until, ground.until);
      grounds.push(ground);
    }
    if (since >= until) return;
    this.visitors.set(client.key, {
      client,
      cookie,
      userAgent,
      encrypted: raw.socket?.encrypted,
      forwardedProto: raw.headers["x-forwarded-proto"],
      since,
      until,
      generation: this.generation.value,
      grounds,
    });
  }
}
