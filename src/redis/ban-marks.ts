import { VOID_PREFIX } from "../store/mark-key.js";
import type { BanMark, StoreChange } from "../store/store.js";
import type { Commands } from "./commands.js";
import { inOrder } from "./in-order.js";
import { BUCKETS, type KeyNames } from "./key-names.js";
import { scoredMembers, type ScoredMember } from "./replies.js";

const PAGE_SIZE = 500;
/** How many buckets are asked for their first page before they are needed. */
const BUCKETS_AHEAD = 3;
/** A mark in Redis: the rest of the ban's key, when the ban began in ms, and how long the mark is needed after its end in ms. */
const MARK = /^(.*)\n(\d{1,16})\n(\d{1,16})$/s;

/** The arguments of a script that writes a mark. */
export function markArgs({ began, retention }: BanMark): [began: string, keepMs: string] {
  return [String(Math.floor(began)), String(Math.ceil(retention * 1000))];
}

/** Lists the marks of bans that are over: those of bans in force say nothing that the ban does not. */
export function endedMarks(
  commands: Commands,
  names: KeyNames,
  now: () => number,
): AsyncGenerator<StoreChange[], void, undefined> {
  const buckets = Array.from({ length: BUCKETS }, (_, bucket) => names.marks(bucket));
  return inOrder(
    buckets.map((key) => endedMarksOf(key, commands, now)),
    BUCKETS_AHEAD,
  );
}

async function* endedMarksOf(
  key: string,
  commands: Commands,
  now: () => number,
): AsyncGenerator<StoreChange[], void, undefined> {
  let from = "-inf";
  let skip = 0;
  for (;;) {
    const range = ["ZRANGEBYSCORE", key, from, String(Math.ceil(now()))];
    const options = ["WITHSCORES", "LIMIT", String(skip), String(PAGE_SIZE)];
    const page = await commands.pageOf([...range, ...options], scoredMembers, key);
    yield page.flatMap((one) => changeOf(one, now()));
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_SIZE) return;
    // The next page begins with this page's last time again. Only a page of nothing else must be skipped.
    skip = page[0]?.score === last.score ? skip + page.length : 0;
    from = last.score;
  }
}

function changeOf({ member, score }: ScoredMember, now: number): StoreChange[] {
  const [, rest, began = "", keepMs] = MARK.exec(member) ?? [];
  const ttl = (Number(score) + Number(keepMs) - now) / 1000;
  return rest === undefined || !(ttl > 0) ? [] : [{ key: VOID_PREFIX + rest, value: began, ttl }];
}
