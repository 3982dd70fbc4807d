import { createHash } from "node:crypto";
import type { Context } from "../engine/context.js";
import { messageOf, StoreFailure } from "../errors.js";
import { isThenable } from "../awaitable.js";
import type { Awaitable } from "../awaitable.js";
import type { Judged, Lookups } from "./lookups.js";
import type { DnsblResolved } from "./options.js";
import type { Subject } from "./looked-up-address.js";
import { VerdictCache, type Finding } from "./verdict-cache.js";
import { TEST_EVERY } from "./zone.js";

/** Finds verdicts out and keeps them: in this process, in the store for the other instances, else by asking the zones. */
export class VerdictResolver {
  private readonly cache = new VerdictCache();
  private readonly finding = new Map<string, Promise<Finding | undefined>>();
  /** Verdicts of other zones, codes or quorums are none of ours. */
  private readonly set: string;

  constructor(
    private readonly context: Context,
    private readonly options: DnsblResolved,
    private readonly lookups: Lookups,
  ) {
    const about = [[...options.list].sort(), [...options.codes].sort(), options.quorum];
    this.set = createHash("sha256").update(JSON.stringify(about)).digest("hex").slice(0, 12);
  }

  /** What this process knows; a request of a known client costs no more than this. */
  cached(subject: Subject, now: number): Finding | undefined {
    return this.cache.get(subject.key, subject.ip, now);
  }

  /** Finds out, once for all who ask meanwhile. `undefined` = not asked, too many look-ups are under way. Never rejects. */
  of(subject: Subject): Awaitable<Finding | undefined> {
    const under = this.finding.get(subject.ip);
    if (under !== undefined) return under;
    const stored = this.stored(subject);
    if (isThenable(stored)) return this.shared(subject, stored);
    if (stored !== undefined) return stored;
    const asked = this.ask(subject);
    return asked === undefined ? undefined : this.shared(subject, asked);
  }

  /** Keeps that an address is on the ignore lists, for the other instances too. */
  ignore(subject: Subject): void {
    const now = this.context.now();
    if (this.cache.get(subject.key, subject.ip, now)?.verdict === "ignored") return;
    this.keep(subject, { verdict: "ignored", until: now + this.options.cacheTtl.clean * 1000 }, true);
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

  private shared(subject: Subject, work: Promise<Finding | undefined>): Promise<Finding | undefined> {
    const finding = work
      .then((found) => found ?? this.ask(subject))
      .finally(() => this.finding.delete(subject.ip));
    this.finding.set(subject.ip, finding);
    return finding;
  }

  private ask(subject: Subject): Promise<Finding | undefined> | undefined {
    return this.lookups.find(subject.address, subject.key)?.then((judged) => this.write(subject, judged));
  }

  private write(subject: Subject, judged: Judged): Finding {
    const { verdict, zone, code, partial } = judged;
    const { cacheTtl, txt } = this.options;
    // With a zone missing, the answer is only good until that zone may be back.
    const ttl = verdict === "clean" && partial ? Math.min(cacheTtl.clean, TEST_EVERY) : cacheTtl[verdict];
    const finding: Finding = {
      verdict,
      ...(zone === undefined ? {} : { zone: zone.shown }),
      ...(code === undefined ? {} : { code }),
      until: this.context.now() + ttl * 1000,
    };
    // What one instance could not find out another may.
    this.keep(subject, finding, verdict !== "error" && ttl > 0);
    if (txt && verdict === "listed" && zone !== undefined) {
      void zone.reason(subject.address).then((reason) => {
        if (reason !== undefined) finding.txt = reason;
      });
    }
    return finding;
  }

  private keep(subject: Subject, finding: Finding, share: boolean): void {
    const crowded = this.cache.isFull(subject.key);
    this.cache.set(subject.key, subject.ip, finding);
    const ttl = Math.ceil((finding.until - this.context.now()) / 1000);
    if (!share || crowded || ttl <= 0) return;
    try {
      const { verdict, zone, code, until } = finding;
      const written = this.context.store.set(
        this.storeKey(subject),
        JSON.stringify({ verdict, zone, code, until }),
        ttl,
      );
      if (isThenable(written)) written.then(undefined, (error: unknown) => this.fault(error));
    } catch (error) {
      this.fault(error);
    }
  }

  // A store that fails must not stop the look-up: the zones still answer.
  private stored(subject: Subject): Awaitable<Finding | undefined> {
    const read = (text: string | undefined): Finding | undefined => this.read(subject, text);
    const failed = (error: unknown): undefined => {
      this.fault(error);
    };
    try {
      const text = this.context.store.get(this.storeKey(subject));
      return isThenable(text) ? text.then(read, failed) : read(text);
    } catch (error) {
      this.fault(error);
      return undefined;
    }
  }

  private read(subject: Subject, text: string | undefined): Finding | undefined {
    if (text === undefined) return undefined;
    try {
      const { verdict, zone, code, until } = JSON.parse(text) as Record<string, unknown>;
      if (verdict !== "listed" && verdict !== "clean" && verdict !== "ignored") return undefined;
      const ttl = this.options.cacheTtl[verdict === "ignored" ? "clean" : verdict];
      const now = this.context.now();
      const finding: Finding = {
        verdict,
        ...(typeof zone === "string" ? { zone } : {}),
        ...(typeof code === "string" ? { code } : {}),
        until: Math.min(Number(until), now + ttl * 1000),
      };
      if (!(now < finding.until)) return undefined;
      this.cache.set(subject.key, subject.ip, finding);
      return finding;
    } catch {
      return undefined;
    }
  }

  // The exact address comes first, so that lifting a ban clears this too.
  private storeKey(subject: Subject): string {
    return `cache:${subject.ip}|dnsbl|${this.set}`;
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
