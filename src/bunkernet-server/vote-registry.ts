import { parseAddress, prefixOf, type Address } from "../address/address.js";
import { GuardedStore } from "../store/guarded-store.js";
import type { Store, StoreChange } from "../store/store.js";
import { StoreReplica, type ReplicaTarget } from "../store/store-replica.js";
import { memberKey, PREFIX, readVote, parseRecordKey, vetoKey, voteKey, voteText } from "./records.js";
import type { BunkernetServerResolved } from "./options.js";
import { Reasons } from "./reasons.js";
import { VoteCounter, type Vote } from "./vote-counter.js";

/** The maximum number of instance addresses; further ones are not exempt. */
const MAX_MEMBERS = 20_000;
const MAX_VETOES = 10_000;
/** How often an instance's address is written again, in ms. */
const RENEW_MEMBER_MS = 86_400_000;

/** How often everything is read again, in ms; if the store reports changes, only to correct missed ones. */
const RELOAD_MS = { watched: 600_000, unwatched: 30_000 };

/** Votes, vetoes and instances' addresses: stored in the store and counted in memory, identically in every process on it. */
export class VoteRegistry {
  readonly reasons: Reasons;
  readonly counter: VoteCounter;
  readonly vetoes = new Set<string>();
  private readonly members = new Map<string, number>();
  private readonly store: GuardedStore;
  private readonly replica: StoreReplica;

  constructor(
    store: Store,
    private readonly rules: BunkernetServerResolved,
    private readonly now: () => number,
  ) {
    this.store = new GuardedStore(store);
    this.reasons = new Reasons(rules.weights);
    this.counter = new VoteCounter({ ...rules, reasons: this.reasons, isExempt: (ip) => this.isExempt(ip) });
    const target = {
      apply: ({ key, value }: StoreChange): void => this.apply(key, value),
      beginRead: () => this.beginRead(),
    };
    this.replica = new StoreReplica(store, [["state", PREFIX]], target, RELOAD_MS);
  }

  /** Why the copies in memory are not current; `undefined` = they are. */
  get problem(): string | undefined {
    return this.replica.problem;
  }

  /** Resolves once the store has been read; rejects if that fails. */
  async ready(): Promise<void> {
    await this.replica.ready();
  }

  /** Reads everything again. */
  reload(): Promise<void> {
    return this.replica.reload();
  }

  /** Records a voter's reports. Rejects if the store fails; what was written by then counts, and may be sent again. */
  async record(
    voter: string,
    reports: ReadonlyMap<string, { reasons: number; count: number }>,
  ): Promise<void> {
    const now = this.now();
    this.counter.expire(now);
    await Promise.all([...reports].map(([ip, report]) => this.vote(voter, ip, report, now)));
  }

  /** Whether an instance has called from here recently. */
  isMember(address: Address): boolean {
    return this.members.has(prefixOf(address, 64).text);
  }

  /** Remembers that an instance calls from here, so that its address is never listed. */
  async addMember(address: Address): Promise<void> {
    const network = prefixOf(address, 64).text;
    const now = this.now();
    const seen = this.members.get(network);
    if (seen !== undefined ? now - seen < RENEW_MEMBER_MS : this.members.size >= MAX_MEMBERS) return;
    await this.store.set(memberKey(network), String(now), this.rules.window + RENEW_MEMBER_MS / 1000);
    this.change(memberKey(network), String(now));
  }

  /** Keeps an address off the list until {@link liftVeto}; returns `false` if there are too many vetoes. */
  async veto(ip: string): Promise<boolean> {
    if (this.vetoes.size >= MAX_VETOES && !this.vetoes.has(ip)) return false;
    await this.store.set(vetoKey(ip), String(this.now()));
    this.change(vetoKey(ip), "");
    return true;
  }

  /** Removes a veto; returns whether it existed. */
  async liftVeto(ip: string): Promise<boolean> {
    const there = await this.store.delete(vetoKey(ip));
    this.change(vetoKey(ip), undefined);
    return there;
  }

  /** Removes what no longer counts. */
  expire(): void {
    const now = this.now();
    this.counter.expire(now);
    const until = now - this.rules.window * 1000 - RENEW_MEMBER_MS;
    for (const [network, seen] of this.members) {
      if (seen > until) break;
      this.members.delete(network);
      this.judgeWithin(network);
    }
  }

  close(): void {
    this.replica.close();
  }

  private async vote(
    voter: string,
    ip: string,
    { reasons, count }: { reasons: number; count: number },
    now: number,
  ): Promise<void> {
    const before = this.counter.find(voter, ip);
    const displaced = before === undefined ? this.counter.displacedBy(voter) : undefined;
    if (displaced !== undefined) this.counter.drop(displaced.voter, displaced.ip);
    const vote: Vote = {
      voter,
      ip,
      reasons: reasons | (before?.reasons ?? 0),
      first: before?.first ?? now,
      last: now,
      count: Math.min(1_000_000_000, count + (before?.count ?? 0)),
    };
    const text = voteText(vote, this.reasons);
    // Counted before it is written, so that concurrent votes respect the limits together.
    this.counter.put(vote);
    this.replica.record(voteKey(voter, ip), text);
    try {
      if (displaced !== undefined) await this.store.delete(voteKey(displaced.voter, displaced.ip));
      // A later vote has displaced it meanwhile: it must not be written now.
      if (this.counter.find(voter, ip) !== vote) return;
      await this.store.set(voteKey(voter, ip), text, this.rules.window);
    } catch (error) {
      if (this.counter.find(voter, ip) === vote) {
        if (before === undefined) this.counter.drop(voter, ip);
        else this.counter.put(before);
      }
      throw error;
    }
  }

  private change(key: string, value: string | undefined): void {
    this.replica.record(key, value);
    this.apply(key, value);
  }

  // Votes expire oldest first, so they are applied in that order, after all other keys.
  private beginRead(): ReturnType<ReplicaTarget["beginRead"]> {
    const found: { key: string; value: string; at: number }[] = [];
    return {
      entry: ({ key, value }) => {
        if (value === undefined) return;
        const isVote = parseRecordKey(key)?.kind === "vote";
        found.push({ key, value, at: isVote ? Number(value.split("|", 2)[1]) : Number(value) - 1e15 });
      },
      end: (changes) => {
        for (const copies of [this.counter, this.vetoes, this.members]) copies.clear();
        found.sort((a, b) => a.at - b.at);
        for (const { key, value } of found) if (!changes.has(key)) this.apply(key, value);
        for (const [key, value] of changes) this.apply(key, value);
      },
    };
  }

  private apply(key: string, value: string | undefined): void {
    const subject = parseRecordKey(key);
    if (subject?.kind === "vote") this.applyVote(subject.voter, subject.ip, value);
    else if (subject?.kind === "veto") {
      if (value === undefined) this.vetoes.delete(subject.ip);
      else this.vetoes.add(subject.ip);
      this.counter.judge(subject.ip);
    } else if (subject?.kind === "member") {
      const known = this.members.delete(subject.network);
      if (value !== undefined) this.members.set(subject.network, Number(value));
      if (known !== (value !== undefined)) this.judgeWithin(subject.network);
    }
  }

  private applyVote(voter: string, ip: string, value: string | undefined): void {
    const vote = value === undefined ? undefined : readVote(voter, ip, value, this.reasons);
    if (vote === undefined) {
      this.counter.drop(voter, ip);
      return;
    }
    const known = this.counter.find(voter, ip);
    // The notification of an own write may arrive after a later write.
    if (known === undefined || vote.last >= known.last) this.counter.put(vote);
  }

  // An instance's network is an IPv4 address or an IPv6 /64; the latter needs a look at all addresses.
  private judgeWithin(network: string): void {
    if (!network.includes("/")) {
      this.counter.judge(network);
      return;
    }
    for (const ip of [...this.counter.reported()]) {
      const address = ip.includes(":") ? parseAddress(ip) : undefined;
      if (address !== undefined && prefixOf(address, 64).text === network) this.counter.judge(ip);
    }
  }

  private isExempt(ip: string): boolean {
    if (this.vetoes.has(ip)) return true;
    const address = parseAddress(ip);
    if (address === undefined) return true;
    return this.isMember(address) || this.rules.allow.has(address);
  }
}
