import type { Reasons } from "./reasons.js";
import type { Vote } from "./vote-counter.js";

// Everything is `state`: evictions of votes or vetoes would go unnoticed. Only rate limits are `hit`.
/** The prefix of the server's keys, after the namespace. */
export const PREFIX = "bunkernet-server:";
const KEY_START = `state:${PREFIX}`;

/** The key of the secret that signs instance ids. */
export const SECRET_KEY = `${KEY_START}secret`;

/** A parsed key. */
export type RecordId =
  | { readonly kind: "vote"; readonly voter: string; readonly ip: string }
  | { readonly kind: "veto"; readonly ip: string }
  | { readonly kind: "member"; readonly network: string };

/** The key of a vote. */
export const voteKey = (voter: string, ip: string): string => `${KEY_START}vote|${voter}|${ip}`;
/** The key of a veto. */
export const vetoKey = (ip: string): string => `${KEY_START}veto|${ip}`;
/** The key of an address that an instance calls from. */
export const memberKey = (network: string): string => `${KEY_START}member|${network}`;

/** Parses a key; `undefined` = not a vote, veto or member. */
export function parseRecordKey(key: string): RecordId | undefined {
  if (!key.startsWith(KEY_START)) return undefined;
  const [kind, first, second] = key.slice(KEY_START.length).split("|");
  if (first === undefined || first === "") return undefined;
  if (kind === "vote" && second !== undefined) return { kind, voter: first, ip: second };
  if (kind === "veto") return { kind, ip: first };
  return kind === "member" ? { kind, network: first } : undefined;
}

/** A vote as it is stored: first and last time (ms), count, and the names of its reasons. */
export function voteText(vote: Vote, reasons: Reasons): string {
  return [vote.first, vote.last, vote.count, ...reasons.namesOf(vote.reasons)].join("|");
}

/** Parses a stored vote; `undefined` = it is damaged. */
export function readVote(voter: string, ip: string, text: string, reasons: Reasons): Vote | undefined {
  const [first, last, count, ...names] = text.split("|");
  const vote = {
    voter,
    ip,
    reasons: reasons.setOf(names),
    first: Number(first),
    last: Number(last),
    count: Number(count),
  };
  return [vote.first, vote.last, vote.count].every(Number.isSafeInteger) && names.length > 0
    ? vote
    : undefined;
}
