import { parseRange, rangeContains, type AddressRange } from "../../address/address.js";
import type { BanIndex, FoundBan } from "../../bans/ban-index.js";
import { messageOf } from "../../errors.js";
import { printable } from "../../printable.js";
import { UNKNOWN_SERVICE } from "../../service-name.js";
import type { BanRow, BansPage, Ranked } from "../api.js";
import { bansInForce } from "../ban-scan.js";
import type { Watched } from "../watched.js";

const MAX_LISTED = 50;

/** Which bans to list. */
export interface BansQuery {
  /** An address, a range, or a part of an address or of a reason. */
  readonly search: string;
  readonly reason: string | undefined;
  readonly service: string | undefined;
  readonly after: string | undefined;
  readonly limit: number;
  /** Whether the client is gone. */
  readonly isOver: () => boolean;
}

/** Returns a page of the bans in force, newest first. */
export async function bansPage(watched: Watched, query: BansQuery): Promise<BansPage> {
  const { banIndex } = watched.context;
  const problem = await problemOf(banIndex);
  const matches = matcherOf(query);
  const newest = new Newest(query.limit + 1, placeOf(query.after));
  const reasons = new Map<string, number>();
  const services = new Map<string, number>();
  let total = 0;
  let matched = 0;
  for await (const batch of bansInForce(banIndex, query.isOver))
    for (const ban of batch) {
      total++;
      count(reasons, reasonOf(ban));
      count(services, ban.service ?? "");
      if (!matches(ban)) continue;
      matched++;
      newest.add(ban);
    }
  const found = newest.bans();
  const page = found.slice(0, query.limit);
  const last = found.length > query.limit ? page.at(-1) : undefined;
  return {
    bans: await watched.geo.addTo(page.map(rowOf), ({ address }) => address),
    ...(last === undefined ? {} : { next: afterOf(last) }),
    matched,
    total,
    reasons: rankedOf(reasons),
    services: rankedOf(services),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** The bans in force that match, in batches and in no order: as many as there are, so they are written as they come. */
export async function* matchingBans(
  { context: { banIndex } }: Watched,
  query: Omit<BansQuery, "after" | "limit">,
): AsyncGenerator<readonly BanRow[], void, undefined> {
  await problemOf(banIndex);
  const matches = matcherOf(query);
  for await (const batch of bansInForce(banIndex, query.isOver)) yield batch.filter(matches).map(rowOf);
}

/** Returns the bans of exactly a range, of ranges around it, and of what is in it: at most 50, newest first. */
export async function bansAbout(
  banIndex: BanIndex,
  range: AddressRange,
  isOver: () => boolean,
): Promise<FoundBan[]> {
  await problemOf(banIndex);
  const newest = new Newest(MAX_LISTED, undefined);
  for await (const batch of bansInForce(banIndex, isOver))
    for (const ban of batch) if (overlap(ban.range, range)) newest.add(ban);
  return newest.bans();
}

/** Returns a ban without its evidence. */
export function rowOf(ban: FoundBan): BanRow {
  const { range, service, action, kind, began, ends } = ban;
  return {
    address: range.text,
    scope: service === undefined ? "global" : "service",
    service: service ?? UNKNOWN_SERVICE,
    reason: reasonOf(ban),
    action,
    date: Math.floor(began),
    expires: ends === Infinity ? null : Math.floor(ends),
    kind,
  };
}

/** Why bans may be missing. */
async function problemOf(banIndex: BanIndex): Promise<string | undefined> {
  try {
    await banIndex.ready();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function matcherOf({
  search,
  reason,
  service,
}: Pick<BansQuery, "search" | "reason" | "service">): (ban: FoundBan) => boolean {
  const range = parseRange(search);
  const text = search.toLowerCase();
  return (ban) =>
    (reason === undefined || reasonOf(ban) === reason) &&
    (service === undefined || (ban.service ?? "") === service) &&
    (search === "" ||
      (range === undefined
        ? reasonOf(ban).toLowerCase().includes(text) || ban.range.text.includes(text)
        : overlap(ban.range, range)));
}

function overlap(one: AddressRange, other: AddressRange): boolean {
  return rangeContains(one, other.address) || rangeContains(other, one.address);
}

function reasonOf({ reason }: FoundBan): string {
  return printable(reason ?? "(in the store)", 256);
}

function count(counts: Map<string, number>, item: string): void {
  counts.set(item, (counts.get(item) ?? 0) + 1);
}

function rankedOf(counts: ReadonlyMap<string, number>): Ranked[] {
  return [...counts]
    .map(([item, by]) => ({ item, count: by }))
    .sort((a, b) => b.count - a.count)
    .slice(0, MAX_LISTED);
}

/** The place of a ban in the order of all. */
interface Place {
  readonly began: number;
  readonly key: string;
}

/** Keeps the newest bans behind a place. */
class Newest {
  private kept: { readonly ban: FoundBan; readonly began: number }[] = [];
  /** No older ban is kept any more. */
  private oldest = -Infinity;

  constructor(
    private readonly limit: number,
    private readonly after: Place | undefined,
  ) {}

  add(ban: FoundBan): void {
    const { began } = ban;
    if (began < this.oldest) return;
    if (this.after !== undefined) {
      if (began > this.after.began) return;
      if (began === this.after.began && keyOf(ban) <= this.after.key) return;
    }
    this.kept.push({ ban, began });
    if (this.kept.length >= this.limit * 4) this.cut();
  }

  bans(): FoundBan[] {
    this.cut();
    return this.kept.map(({ ban }) => ban);
  }

  private cut(): void {
    this.kept.sort((a, b) => b.began - a.began || (keyOf(a.ban) < keyOf(b.ban) ? -1 : 1));
    this.kept = this.kept.slice(0, this.limit);
    if (this.kept.length === this.limit) this.oldest = this.kept.at(-1)?.began ?? -Infinity;
  }
}

function keyOf({ range, service }: FoundBan): string {
  return `${range.text}|${service ?? ""}`;
}

function afterOf(ban: FoundBan): string {
  return Buffer.from(JSON.stringify([ban.began, keyOf(ban)])).toString("base64url");
}

function placeOf(after: string | undefined): Place | undefined {
  if (after === undefined) return undefined;
  try {
    const [began, key] = JSON.parse(Buffer.from(after, "base64url").toString()) as unknown[];
    return typeof began === "number" && typeof key === "string" ? { began, key } : undefined;
  } catch {
    return undefined;
  }
}
