import type { Reasons } from "./reasons.js";
import type { Vote } from "./vote-counter.js";

// All of it is `state`: what an evicted vote or veto would change, nobody would be told of. Rate limits alone are `hit`.
/** What every key of ours starts with, after its namespace. */
export const PREFIX = "bunkernet-server:";
const KEY_START = `state:${PREFIX}`;

/** The key of the secret that instance ids are signed with. */
export const SECRET_KEY = `${KEY_START}secret`;

/** What a key of ours is about. */
export type RecordId =
  | { readonly kind: "vote"; readonly voter: string; readonly ip: string }
  | { readonly kind: "veto"; readonly ip: string }
  | { readonly kind: "member"; readonly network: string };

/** The key of a vote. */
export const voteKey = (voter: string, ip: string): string => `${KEY_START}vote|${voter}|${ip}`;
/** The key of a veto. */
export const vetoKey = (ip: string): string => `${KEY_START}veto|${ip}`;
/** The key of an address that an instance asks from. */
export const memberKey = (network: string): string => `${KEY_START}member|${network}`;

/** What a key is about; `undefined` = nothing that we count by. */
export function parseRecordKey(key: string): RecordId | undefined {
  if (!key.startsWith(KEY_START)) return undefined;
  const [kind, first, second] = key.slice(KEY_START.length).split("|");
  if (first === undefined || first === "") return undefined;
  if (kind === "vote" && second !== undefined) return { kind, voter: first, ip: second };
  if (kind === "veto") return { kind, ip: first };
  return kind === "member" ? { kind, network: first } : undefined;
}

/** A vote as the store keeps it: its first and last time (ms), how often, and the reasons by name. */
export function voteText(vote: Vote, reasons: Reasons): string {
  return [vote.first, vote.last, vote.count, ...reasons.namesOf(vote.reasons)].join("|");
}

/** Reads a vote; `undefined` = it is damaged. */
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
