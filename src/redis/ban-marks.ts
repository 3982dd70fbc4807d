import type { BanMark, StoreChange } from "../store/store.js";
import type { Commands } from "./commands.js";
import { BUCKETS, type KeyNames } from "./key-names.js";
import { scoredMembers, type ScoredMember } from "./replies.js";

const PAGE_SIZE = 1000;
/** A mark in Redis: the rest of the ban's key, when the ban began in ms, and how long the mark is needed after its end in ms. */
const MARK = /^(.*)\n(\d{1,16})\n(\d{1,16})$/s;

/** The arguments of a script that writes a mark. */
export function markArgs({ began, retention }: BanMark): [began: string, keepMs: string] {
  return [String(Math.floor(began)), String(Math.ceil(retention * 1000))];
}

/** The store's key of a mark, as it is without {@link Store.writeBan}. */
export function markKey(rest: string): string {
  return `state:void|${rest}`;
}

/** Lists the marks of bans that are over: those of bans in force say nothing that the ban does not. */
export async function* endedMarks(
  commands: Commands,
  names: KeyNames,
  now: () => number,
): AsyncGenerator<StoreChange[], void, undefined> {
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    let from = "-inf";
    let skip = 0;
    for (;;) {
      const range = ["ZRANGEBYSCORE", names.marks(bucket), from, String(Math.ceil(now()))];
      const options = ["WITHSCORES", "LIMIT", String(skip), String(PAGE_SIZE)];
      const page = await commands.pageOf([...range, ...options], scoredMembers, names.marks(bucket));
      yield page.flatMap((one) => changeOf(one, now()));
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE_SIZE) break;
      // The next page begins with this page's last time again. Only a page of nothing else must be skipped.
      skip = page[0]?.score === last.score ? skip + page.length : 0;
      from = last.score;
    }
  }
}

function changeOf({ member, score }: ScoredMember, now: number): StoreChange[] {
  const [, rest, began = "", keepMs] = MARK.exec(member) ?? [];
  const ttl = (Number(score) + Number(keepMs) - now) / 1000;
  return rest === undefined || !(ttl > 0) ? [] : [{ key: markKey(rest), value: began, ttl }];
}
