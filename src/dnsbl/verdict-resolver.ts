import { createHash } from "node:crypto";
import type { Context } from "../engine/context.js";
import { isThenable } from "../awaitable.js";
import type { Awaitable } from "../awaitable.js";
import { emitFailure } from "./dnsbl-bans.js";
import type { CombinedVerdict, Lookups } from "./lookups.js";
import type { DnsblResolved } from "./options.js";
import type { LookupTarget } from "./lookup-target.js";
import { VerdictCache, type CachedVerdict } from "./verdict-cache.js";
import { TEST_EVERY } from "./zone.js";

/** Finds verdicts in this process, then in the shared store, then by querying the zones, and caches them. */
export class VerdictResolver {
  /** How many requests found a verdict in this process, and how many did not. */
  hits = 0;
  misses = 0;
  private readonly cache = new VerdictCache();
  private readonly pending = new Map<string, Promise<CachedVerdict | undefined>>();
  /** Part of store keys: verdicts depend on zones, codes and quorum. */
  private readonly configHash: string;

  constructor(
    private readonly context: Context,
    private readonly options: DnsblResolved,
    private readonly lookups: Lookups,
  ) {
    const config = [[...options.list].sort(), [...options.codes].sort(), options.quorum];
    this.configHash = createHash("sha256").update(JSON.stringify(config)).digest("hex").slice(0, 12);
  }

  /** The verdict that this process remembers. */
  cached(target: LookupTarget, now: number): CachedVerdict | undefined {
    return this.cache.get(target.key, target.ip, now);
  }

  /** The verdict that this process remembers, for a request: it counts as a hit or a miss. */
  recall(target: LookupTarget, now: number): CachedVerdict | undefined {
    const known = this.cached(target, now);
    if (known === undefined) this.misses++;
    else this.hits++;
    return known;
  }

  /** Finds the verdict; concurrent calls share the work. `undefined` = too many look-ups are in progress. Never rejects. */
  resolve(target: LookupTarget): Awaitable<CachedVerdict | undefined> {
    const pending = this.pending.get(target.ip);
    if (pending !== undefined) return pending;
    const stored = this.fromStore(target);
    if (isThenable(stored)) return this.shared(target, stored);
    if (stored !== undefined) return stored;
    const asked = this.lookUp(target);
    return asked === undefined ? undefined : this.shared(target, asked);
  }

  /** Caches that an address is on an ignore list, for the other instances too. */
  ignore(target: LookupTarget): void {
    const now = this.context.now();
    if (this.cache.get(target.key, target.ip, now)?.verdict === "ignored") return;
    this.keep(target, { verdict: "ignored", until: now + this.options.cacheTtl.clean * 1000 }, true);
  }

  /** Forgets an address or a client's IPv6 prefix; without `key`, everything. */
  forget(text: string, key: string | undefined): void {
    if (key === undefined) this.cache.clear();
    else this.cache.forget(text, key);
    this.context.generation.advance();
  }

  /** About how many addresses this process remembers. */
  get size(): number {
    return this.cache.size;
  }

  private shared(
    target: LookupTarget,
    work: Promise<CachedVerdict | undefined>,
  ): Promise<CachedVerdict | undefined> {
    const finding = work
      .then((found) => found ?? this.lookUp(target))
      .finally(() => this.pending.delete(target.ip));
    this.pending.set(target.ip, finding);
    return finding;
  }

  private lookUp(target: LookupTarget): Promise<CachedVerdict | undefined> | undefined {
    return this.lookups.find(target.address, target.key)?.then((judged) => this.write(target, judged));
  }

  private write(target: LookupTarget, judged: CombinedVerdict): CachedVerdict {
    const { verdict, zone, code, partial } = judged;
    const { cacheTtl, txt } = this.options;
    // If a zone was missing, the verdict holds only until it may be back.
    const ttl = verdict === "clean" && partial ? Math.min(cacheTtl.clean, TEST_EVERY) : cacheTtl[verdict];
    const finding: CachedVerdict = {
      verdict,
      ...(zone === undefined ? {} : { zone: zone.label }),
      ...(code === undefined ? {} : { code }),
      until: this.context.now() + ttl * 1000,
    };
    // Errors are not shared: another instance may succeed.
    this.keep(target, finding, verdict !== "error" && ttl > 0);
    if (txt && verdict === "listed" && zone !== undefined) {
      void zone.reason(target.address).then((reason) => {
        if (reason !== undefined) finding.txt = reason;
      });
    }
    return finding;
  }

  private keep(target: LookupTarget, finding: CachedVerdict, share: boolean): void {
    const isFull = this.cache.isFull(target.key);
    this.remember(target, finding);
    const ttl = Math.ceil((finding.until - this.context.now()) / 1000);
    if (!share || isFull || ttl <= 0) return;
    try {
      const { verdict, zone, code, until } = finding;
      const value = JSON.stringify({ verdict, zone, code, until });
      const written = this.context.store.set(this.storeKey(target), value, ttl);
      if (isThenable(written)) written.then(undefined, (error: unknown) => emitFailure(this.context, error));
    } catch (error) {
      emitFailure(this.context, error);
    }
  }

  // Only the clock, set back, would have another verdict than the last one count again.
  private remember(target: LookupTarget, finding: CachedVerdict): void {
    const last = this.cache.get(target.key, target.ip, -Infinity);
    if (last !== undefined && last.verdict !== finding.verdict) this.context.generation.advance();
    this.cache.set(target.key, target.ip, finding);
  }

  // If the store fails, the zones are queried.
  private fromStore(target: LookupTarget): Awaitable<CachedVerdict | undefined> {
    const failed = (error: unknown): undefined => {
      emitFailure(this.context, error);
    };
    try {
      const text = this.context.store.get(this.storeKey(target));
      return isThenable(text)
        ? text.then((read) => this.read(target, read), failed)
        : this.read(target, text);
    } catch (error) {
      failed(error);
      return undefined;
    }
  }

  private read(target: LookupTarget, text: string | undefined): CachedVerdict | undefined {
    if (text === undefined) return undefined;
    try {
      const { verdict, zone, code, until } = JSON.parse(text) as Record<string, unknown>;
      if (verdict !== "listed" && verdict !== "clean" && verdict !== "ignored") return undefined;
      const ttl = this.options.cacheTtl[verdict === "ignored" ? "clean" : verdict];
      const now = this.context.now();
      const finding: CachedVerdict = {
        verdict,
        ...(typeof zone === "string" ? { zone } : {}),
        ...(typeof code === "string" ? { code } : {}),
        until: Math.min(Number(until), now + ttl * 1000),
      };
      if (!(now < finding.until)) return undefined;
      this.remember(target, finding);
      return finding;
    } catch {
      return undefined;
    }
  }

  // Starts with the exact address, so that an unban clears it too.
  private storeKey(target: LookupTarget): string {
    return `cache:${target.ip}|dnsbl|${this.configHash}`;
  }
}
