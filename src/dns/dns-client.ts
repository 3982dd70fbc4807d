import { Resolver } from "node:dns/promises";
import { parseAddress } from "../address/address.js";
import { reverseName } from "./reverse-name.js";
import { isResolver, type DnsResolver, type ResolverOption } from "./resolver-option.js";
import { withTimeout } from "../with-timeout.js";

/** Why a question got no usable answer. `shed` = it was not asked, because too many were under way. */
export type DnsFailure =
  "servfail" | "refused" | "timeout" | "unreachable" | "bad answer" | "cancelled" | "shed" | "failed";

/** What became of one DNS question. */
export type DnsAnswer<T> =
  | { readonly kind: "found"; readonly values: readonly T[] }
  | { readonly kind: "absent"; readonly why: "nxdomain" | "nodata" }
  | { readonly kind: "failed"; readonly why: DnsFailure };

/** How a {@link DnsClient} is set up. */
export interface DnsClientOptions {
  /** The servers that are asked. Default: the system's. */
  readonly resolver?: ResolverOption | undefined;
  /** What one question may take, in ms. Default 2000. */
  readonly deadline?: number;
  /** How many different questions may be under way at once; more are shed. Default 1024. */
  readonly maxInFlight?: number;
  /** Times each question. */
  readonly timed?: (answer: Promise<unknown>) => void;
}

// c-ares doubles its wait with each try, so two tries end a little after the deadline: the socket closes soon after we have stopped waiting.
const TRIES = 2;
const FIRST_TRY_SHARE = 1 / 3;

/**
 * Asks DNS: every question has a deadline of our own (c-ares' are coarse), equal questions in flight are asked once, and
 * their number is bounded. Failures are returned as values; nothing here rejects.
 */
export class DnsClient {
  /** How many questions were asked so far. */
  asked = 0;
  /** How many questions were not asked because too many were in flight. */
  shed = 0;
  private readonly resolver: DnsResolver;
  private readonly own: Resolver | undefined;
  private readonly deadline: number;
  private readonly maxInFlight: number;
  private readonly timed: DnsClientOptions["timed"];
  private readonly asking = new Map<string, Promise<DnsAnswer<unknown>>>();

  constructor(options: DnsClientOptions = {}) {
    const { resolver = {}, deadline = 2000, maxInFlight = 1024 } = options;
    this.deadline = deadline;
    this.maxInFlight = maxInFlight;
    this.timed = options.timed;
    if (isResolver(resolver)) {
      this.resolver = resolver;
    } else {
      this.own = new Resolver({ timeout: Math.max(1, Math.round(deadline * FIRST_TRY_SHARE)), tries: TRIES });
      if (resolver.servers !== undefined) this.own.setServers(resolver.servers);
      this.resolver = asking(this.own);
    }
  }

  /** A records. */
  resolve4(name: string): Promise<DnsAnswer<string>> {
    return this.ask(`A ${name}`, () => this.resolver.resolve4(name));
  }

  /** AAAA records. */
  resolve6(name: string): Promise<DnsAnswer<string>> {
    return this.ask(`AAAA ${name}`, () => this.resolver.resolve6(name));
  }

  /** TXT records, the strings of each joined. */
  async resolveTxt(name: string): Promise<DnsAnswer<string>> {
    const answer = await this.ask(`TXT ${name}`, () => this.resolver.resolveTxt(name));
    return answer.kind === "found"
      ? { kind: "found", values: answer.values.map((parts) => parts.join("")) }
      : answer;
  }

  /** The names that an address claims to have (PTR). Any name can be claimed: see `ConfirmedNames`. */
  reverse(ip: string): Promise<DnsAnswer<string>> {
    return this.ask(`PTR ${ip}`, () => this.resolver.reverse(ip));
  }

  /** How many questions are in flight. */
  get inFlight(): number {
    return this.asking.size;
  }

  /** Gives up all questions in flight; they return `cancelled`. */
  cancel(): void {
    this.own?.cancel();
  }

  private ask<T>(question: string, call: () => Promise<readonly T[]>): Promise<DnsAnswer<T>> {
    const running = this.asking.get(question);
    if (running !== undefined) return running as Promise<DnsAnswer<T>>;
    if (this.asking.size >= this.maxInFlight) {
      this.shed++;
      return Promise.resolve({ kind: "failed", why: "shed" });
    }
    this.asked++;
    const answer = withTimeout(answerOf(call), this.deadline, () => TIMED_OUT);
    this.asking.set(question, answer);
    void answer.then(() => this.asking.delete(question));
    this.timed?.(answer);
    return answer;
  }
}

const FAILURES: Readonly<Record<string, DnsFailure>> = {
  ESERVFAIL: "servfail",
  EREFUSED: "refused",
  ETIMEOUT: "timeout",
  ECONNREFUSED: "unreachable",
  EBADRESP: "bad answer",
  EFORMERR: "bad answer",
  ENOTIMP: "bad answer",
  ECANCELLED: "cancelled",
  EDESTRUCTION: "cancelled",
};

const TIMED_OUT: DnsAnswer<never> = { kind: "failed", why: "timeout" };

// A resolver of the app's own may throw, or return anything.
async function answerOf<T>(call: () => Promise<readonly T[]>): Promise<DnsAnswer<T>> {
  try {
    const values = await call();
    if (!Array.isArray(values)) return { kind: "failed", why: "bad answer" };
    return values.length === 0 ? { kind: "absent", why: "nodata" } : { kind: "found", values };
  } catch (error) {
    const code = String((error as { code?: unknown } | null | undefined)?.code);
    if (code === "ENOTFOUND") return { kind: "absent", why: "nxdomain" };
    if (code === "ENODATA") return { kind: "absent", why: "nodata" };
    return { kind: "failed", why: FAILURES[code] ?? "failed" };
  }
}

// Node's own `reverse` reports "not found" for a server that did not answer, too; a PTR question tells the two apart.
function asking(own: Resolver): DnsResolver {
  return {
    resolve4: (name) => own.resolve4(name),
    resolve6: (name) => own.resolve6(name),
    resolveTxt: (name) => own.resolveTxt(name),
    reverse: (ip) => {
      const address = parseAddress(ip);
      if (address === undefined) return Promise.reject(new TypeError("not an IP address"));
      return own.resolvePtr(`${reverseName(address)}.${address.family === 4 ? "in-addr" : "ip6"}.arpa`);
    },
  };
}
