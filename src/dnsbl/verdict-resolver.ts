import { createHash } from "node:crypto";
import type { Context } from "../engine/context.js";
import { messageOf, StoreFailure } from "../errors.js";
import { isThenable } from "../awaitable.js";
import type { Awaitable } from "../awaitable.js";
import type { CombinedVerdict, Lookups } from "./lookups.js";
import type { DnsblResolved } from "./options.js";
import type { LookupTarget } from "./lookup-target.js";
import { VerdictCache, type CachedVerdict } from "./verdict-cache.js";
import { TEST_EVERY } from "./zone.js";

/** Finds verdicts out and keeps them: in this process, in the store for the other instances, else by asking the zones. */
export class VerdictResolver {
  private readonly cache = new VerdictCache();
  private readonly pending = new Map<string, Promise<CachedVerdict | undefined>>();
  /** Verdicts of other zones, codes or quorums are none of ours. */
  private readonly configHash: string;

  constructor(
    private readonly context: Context,
    private readonly options: DnsblResolved,
    private readonly lookups: Lookups,
  ) {
    const about = [[...options.list].sort(), [...options.codes].sort(), options.quorum];
    this.configHash = createHash("sha256").update(JSON.stringify(about)).digest("hex").slice(0, 12);
  }

  /** What this process knows; a request of a known client costs no more than this. */
  cached(target: LookupTarget, now: number): CachedVerdict | undefined {
    return this.cache.get(target.key, target.ip, now);
  }

  /** Finds out, once for all who ask meanwhile. `undefined` = not asked, too many look-ups are under way. Never rejects. */
  resolve(target: LookupTarget): Awaitable<CachedVerdict | undefined> {
    const under = this.pending.get(target.ip);
    if (under !== undefined) return under;
    const stored = this.fromStore(target);
    if (isThenable(stored)) return this.shared(target, stored);
    if (stored !== undefined) return stored;
    const asked = this.lookUp(target);
    return asked === undefined ? undefined : this.shared(target, asked);
  }

  /** Keeps that an address is on the ignore lists, for the other instances too. */
  ignore(target: LookupTarget): void {
    const now = this.context.now();
    if (this.cache.get(target.key, target.ip, now)?.verdict === "ignored") return;
    this.keep(target, { verdict: "ignored", until: now + this.options.cacheTtl.clean * 1000 }, true);
  }

  /** Forgets an address, an IPv6 client's prefix, or, for any other range, everything. */
  forget(text: string, key: string | undefined): void {
    if (key === undefined) this.cache.clear();
    else this.cache.forget(text, key);
  }

  /** About how many addresses are remembered in this process. */
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
    // With a zone missing, the answer is only good until that zone may be back.
    const ttl = verdict === "clean" && partial ? Math.min(cacheTtl.clean, TEST_EVERY) : cacheTtl[verdict];
    const finding: CachedVerdict = {
      verdict,
      ...(zone === undefined ? {} : { zone: zone.label }),
      ...(code === undefined ? {} : { code }),
      until: this.context.now() + ttl * 1000,
    };
    // What one instance could not find out another may.
    this.keep(target, finding, verdict !== "error" && ttl > 0);
    if (txt && verdict === "listed" && zone !== undefined) {
      void zone.reason(target.address).then((reason) => {
        if (reason !== undefined) finding.txt = reason;
      });
    }
    return finding;
  }

  private keep(target: LookupTarget, finding: CachedVerdict, share: boolean): void {
    const crowded = this.cache.isFull(target.key);
    this.cache.set(target.key, target.ip, finding);
    const ttl = Math.ceil((finding.until - this.context.now()) / 1000);
    if (!share || crowded || ttl <= 0) return;
    try {
      const { verdict, zone, code, until } = finding;
      const written = this.context.store.set(
        this.storeKey(target),
        JSON.stringify({ verdict, zone, code, until }),
        ttl,
      );
      if (isThenable(written)) written.then(undefined, (error: unknown) => this.fault(error));
    } catch (error) {
      this.fault(error);
    }
  }

  // A store that fails must not stop the look-up: the zones still answer.
  private fromStore(target: LookupTarget): Awaitable<CachedVerdict | undefined> {
    const read = (text: string | undefined): CachedVerdict | undefined => this.read(target, text);
    const failed = (error: unknown): undefined => {
      this.fault(error);
    };
    try {
      const text = this.context.store.get(this.storeKey(target));
      return isThenable(text) ? text.then(read, failed) : read(text);
    } catch (error) {
      this.fault(error);
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
      this.cache.set(target.key, target.ip, finding);
      return finding;
    } catch {
      return undefined;
    }
  }

  // The exact address comes first, so that lifting a ban clears this too.
  private storeKey(target: LookupTarget): string {
    return `cache:${target.ip}|dnsbl|${this.configHash}`;
  }

  private fault(error: unknown): void {
    this.context.emit(
      "fault",
      {
        protection: "dnsbl",
        reason: error instanceof StoreFailure ? "store" : "exception",
        data: messageOf(error),
      },
      undefined,
      undefined,
    );
  }
}
