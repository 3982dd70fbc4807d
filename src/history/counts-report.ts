import type { HistoryRange } from "./time-buckets.js";

/** How often what happened. */
export interface CountsNumbers {
  /** Requests that middlewares have seen. */
  readonly requests: number;
  readonly denied: number;
  readonly challenged: number;
  readonly banned: number;
  /** The same where `detect` mode let the request pass and wrote no ban. */
  readonly wouldDeny: number;
  readonly wouldChallenge: number;
  readonly wouldBan: number;
  /** Challenges that were shown, solved, and answered wrongly. */
  readonly issued: number;
  readonly solved: number;
  readonly failed: number;
  readonly unbanned: number;
  /** Reports to BunkerNet. */
  readonly reported: number;
  readonly faults: number;
  /** Requests that an exemption let pass. */
  readonly excused: number;
  /** Responses of the app that counted as bad. */
  readonly badResponses: number;
}

/** One bucket of a report. */
export interface CountsPoint extends CountsNumbers {
  /** When it begins, in ms. */
  readonly time: number;
  /** Refusals by `<protection>|<reason>`. */
  readonly deniedBy: Readonly<Record<string, number>>;
  /** Challenges by kind. */
  readonly challengedBy: Readonly<Record<string, number>>;
  /** In seconds; `undefined` = nothing was solved. */
  readonly medianSolveTime: number | undefined;
}

/** The numbers of one service. Services beyond the first twelve are counted together as `other`. */
export interface ServiceCounts {
  readonly service: string;
  readonly requests: number;
  readonly denied: number;
  readonly challenged: number;
  readonly solved: number;
  readonly failed: number;
  readonly banned: number;
  readonly wouldDeny: number;
  readonly wouldChallenge: number;
  readonly wouldBan: number;
}

/** A number with what it is about; `other` stands for what had no room. */
export interface LabelledCount<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly count: number;
}

/** The numbers of a whole period, and what they are about: the most frequent first. */
export interface PeriodCounts extends CountsNumbers {
  /** When it begins and ends, in ms. */
  readonly from: number;
  readonly to: number;
  readonly deniedBy: readonly LabelledCount<"protection" | "reason">[];
  readonly challengedBy: readonly LabelledCount<"kind" | "reason">[];
  readonly bannedBy: readonly LabelledCount<"reason">[];
  readonly wouldDenyBy: readonly LabelledCount<"protection" | "reason">[];
  readonly wouldChallengeBy: readonly LabelledCount<"kind" | "reason">[];
  readonly wouldBanBy: readonly LabelledCount<"reason">[];
  readonly issuedBy: readonly LabelledCount<"kind">[];
  readonly solvedBy: readonly LabelledCount<"kind">[];
  readonly failedBy: readonly LabelledCount<"kind">[];
  readonly unbannedBy: readonly LabelledCount<"reason">[];
  readonly reportedBy: readonly LabelledCount<"reason">[];
  readonly faultsBy: readonly LabelledCount<"protection" | "reason">[];
  readonly excusedBy: readonly LabelledCount<"why">[];
  readonly badResponsesBy: readonly LabelledCount<"status">[];
  readonly services: readonly ServiceCounts[];
  /** Solutions by time: how many took at most `seconds`, and longer than the entry before. */
  readonly solveTimes: readonly { readonly seconds: number; readonly count: number }[];
  /** An estimate in seconds; `undefined` = nothing was solved. */
  readonly medianSolveTime: number | undefined;
  /** The share of issued challenges that were solved, from 0 to 1; `undefined` = none was issued. */
  readonly solveRate: number | undefined;
}

/** The counts of a range, and of the period before it. */
export interface CountsReport {
  readonly range: HistoryRange;
  /** The length of a bucket, in ms. */
  readonly step: number;
  /** Every bucket, oldest first; the last one is not over. */
  readonly points: readonly CountsPoint[];
  readonly now: PeriodCounts;
  /** The period before, for comparison: as long, or for 30 days whole days. `undefined` = nothing is known of it. */
  readonly before: PeriodCounts | undefined;
  /** Whether these are the counts of all instances on the store. */
  readonly shared: boolean;
  /** Why counts of other instances may be missing. */
  readonly problem: string | undefined;
}
