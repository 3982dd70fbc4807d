import type { Reasons } from "./reasons.js";

/** The vote of one voter on one address. Times are in ms. */
export interface Vote {
  readonly voter: string;
  readonly ip: string;
  /** A set of {@link Reasons}. */
  readonly reasons: number;
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

/** How votes are counted. */
export interface VoteRules {
  readonly reasons: Reasons;
  /** The minimum sum of weights that lists an address. */
  readonly minInstances: number;
  /** How long a vote counts, in seconds. */
  readonly window: number;
  readonly maxVotes: number;
  readonly maxVotesPerVoter: number;
  /** Whether an address is never listed. */
  readonly isExempt: (ip: string) => boolean;
}

/** The votes on one address, with running sums, since all members may report the same attacker. */
interface AddressVotes {
  readonly votes: Map<string, Vote>;
  /** In millionths: whole numbers add up exactly. */
  score: number;
  /** Voters with an observation of their own. */
  firstHand: number;
}

const MILLION = 1_000_000;

/** Counts votes in memory and derives the list from them. */
export class VoteCounter {
  /** The addresses on the list. */
  readonly listed = new Set<string>();
  /** Goes up with every change of {@link listed}. */
  version = 0;
  private readonly addresses = new Map<string, AddressVotes>();
  private readonly voters = new Map<string, Set<Vote>>();
  // Oldest first.
  private readonly byAge = new Set<Vote>();
  private largest: string | undefined;

  constructor(private readonly rules: VoteRules) {}

  get votes(): number {
    return this.byAge.size;
  }
  get voterCount(): number {
    return this.voters.size;
  }
  get addressCount(): number {
    return this.addresses.size;
  }

  /** The vote of a voter on an address. */
  find(voter: string, ip: string): Vote | undefined {
    return this.addresses.get(ip)?.votes.get(voter);
  }

  /** The votes on an address. */
  votesOn(ip: string): readonly Vote[] {
    return [...(this.addresses.get(ip)?.votes.values() ?? [])];
  }

  /** Every reported address, in any order. */
  reported(): IterableIterator<string> {
    return this.addresses.keys();
  }

  /** The sum of the weights of the votes on an address. */
  scoreOf(ip: string): number {
    return (this.addresses.get(ip)?.score ?? 0) / MILLION;
  }

  /** Adds a vote, replacing the voter's previous one on that address. */
  put(vote: Vote): void {
    this.take(vote.voter, vote.ip);
    let poll = this.addresses.get(vote.ip);
    if (poll === undefined)
      this.addresses.set(vote.ip, (poll = { votes: new Map<string, Vote>(), score: 0, firstHand: 0 }));
    poll.votes.set(vote.voter, vote);
    this.count(poll, vote, 1);
    let cast = this.voters.get(vote.voter);
    if (cast === undefined) this.voters.set(vote.voter, (cast = new Set<Vote>()));
    cast.add(vote);
    this.byAge.add(vote);
    this.judge(vote.ip);
  }

  /** Removes a vote. */
  drop(voter: string, ip: string): void {
    if (this.take(voter, ip)) this.judge(ip);
  }

  /** Removes all votes. */
  clear(): void {
    for (const cleared of [this.addresses, this.voters, this.byAge]) cleared.clear();
    if (this.listed.size > 0) this.version++;
    this.listed.clear();
  }

  /** Removes the votes that have expired. @param now in ms */
  expire(now: number): void {
    const until = now - this.rules.window * 1000;
    for (const vote of this.byAge) {
      if (vote.last > until) break;
      this.drop(vote.voter, vote.ip);
    }
  }

  /** Updates whether an address is listed. */
  judge(ip: string): void {
    const belongs = this.belongs(ip);
    if (belongs === this.listed.has(ip)) return;
    if (belongs) this.listed.add(ip);
    else this.listed.delete(ip);
    this.version++;
  }

  /**
   * The vote to remove before `voter` may add a new one, if any. A voter at its quota loses its own oldest vote; when all votes are
   * used up, the voter with the most votes loses one, unless it has no more than its share.
   */
  displacedBy(voter: string): Vote | undefined {
    const own = this.voters.get(voter);
    if (own !== undefined && own.size >= this.rules.maxVotesPerVoter) return oldestOf(own);
    if (this.byAge.size < this.rules.maxVotes) return undefined;
    const share = this.rules.maxVotes / Math.max(1, this.voters.size);
    if (own !== undefined && own.size >= share) return oldestOf(own);
    return oldestOf(this.voters.get(this.largestVoter(share)) ?? this.byAge);
  }

  // Searched only if the last result no longer exceeds its share: in a flood, not every vote may cost a search.
  private largestVoter(share: number): string {
    const known = this.largest === undefined ? undefined : this.voters.get(this.largest);
    if (known !== undefined && known.size > share) return this.largest as string;
    let max = 0;
    let found = "";
    for (const [voter, cast] of this.voters) if (cast.size > max) [max, found] = [cast.size, voter];
    this.largest = found;
    return found;
  }

  private belongs(ip: string): boolean {
    const poll = this.addresses.get(ip);
    return (
      poll !== undefined &&
      poll.firstHand > 0 &&
      poll.score >= this.rules.minInstances * MILLION &&
      !this.rules.isExempt(ip)
    );
  }

  private count(poll: AddressVotes, { reasons }: Vote, by: 1 | -1): void {
    poll.score += by * Math.round(this.rules.reasons.weightOf(reasons) * MILLION);
    if (this.rules.reasons.isFirstHand(reasons)) poll.firstHand += by;
  }

  private take(voter: string, ip: string): boolean {
    const poll = this.addresses.get(ip);
    const vote = poll?.votes.get(voter);
    if (poll === undefined || vote === undefined) return false;
    poll.votes.delete(voter);
    this.count(poll, vote, -1);
    if (poll.votes.size === 0) this.addresses.delete(ip);
    const cast = this.voters.get(voter);
    cast?.delete(vote);
    if (cast?.size === 0) this.voters.delete(voter);
    this.byAge.delete(vote);
    return true;
  }
}

function oldestOf(votes: ReadonlySet<Vote>): Vote | undefined {
  return votes.values().next().value;
}
