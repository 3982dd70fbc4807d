import { printable } from "../printable.js";
import type { Hits } from "../store/store.js";

/** Reads a reply of Redis. Throws {@link WrongReplyError} if it does not have the shape that the command has. */
export type ReadReply<T> = (reply: unknown) => T;

/** Redis, or something else at its address, replied with what the command never returns. It counts as a failure. */
export class WrongReplyError extends Error {
  constructor(expected: string, got: unknown) {
    super(
      `the reply is not one of Redis: expected ${expected}, got ${shown(got)}; look at what answers at this address, such as a proxy, and at options of the client that change the types of replies`,
    );
    this.name = "WrongReplyError";
  }
}

/** A time to live in ms, with -1 = for ever and -2 = absent, and a value. */
export interface ReadValue {
  readonly left: number;
  /** `undefined` = the key is absent, or does not hold a string. */
  readonly value: string | undefined;
}

/** One page of a listing. */
export interface Page {
  /** The next cursor; "0" = this was the last page. */
  readonly cursor: string;
  readonly entries: readonly (ReadValue & { readonly rest: string })[];
}

/** A whole number. */
export function integer(reply: unknown): number {
  // A client may be set up to return numbers as text.
  const number = typeof reply === "string" && /^-?\d{1,16}$/.test(reply) ? Number(reply) : reply;
  if (typeof number !== "number" || !Number.isSafeInteger(number))
    throw new WrongReplyError("a number", reply);
  return number;
}

/** A text. */
export function text(reply: unknown): string {
  if (typeof reply !== "string") throw new WrongReplyError("a text", reply);
  return reply;
}

/** A text, or `undefined` for null. */
export function textOrNull(reply: unknown): string | undefined {
  return reply === null || reply === undefined ? undefined : text(reply);
}

/** A time to live in ms; -1 = for ever, -2 = absent. */
export function timeToLive(reply: unknown): number {
  const ms = integer(reply);
  if (ms < -2) throw new WrongReplyError("a time to live", reply);
  return ms;
}

/** The result of the script that writes: 1 = written, 0 = not written, -1 = full, -2 = the network has its share, or the new value in an array. */
export function written(reply: unknown): number | readonly [string] {
  if (Array.isArray(reply)) return [text(list(reply, "the new value")[0])];
  const result = integer(reply);
  if (result < -2 || result > 1) throw new WrongReplyError("-2, -1, 0 or 1", reply);
  return result;
}

/** The result of the script that adds to counters: whether it did, or did so before; `"full"` = refused. */
export function tallied(reply: unknown): boolean | "full" {
  const result = integer(reply);
  if (result < -1 || result > 1) throw new WrongReplyError("-1, 0 or 1", reply);
  return result === -1 ? "full" : result === 1;
}

/** The counters of several keys. */
export function tallies(reply: unknown): ReadonlyMap<string, number>[] {
  return list(reply, "counters").map(
    (fields) =>
      new Map(
        pairs(list(fields, "names and numbers"), "a number for each name").map(([name, count]) => [
          text(name),
          integer(count),
        ]),
      ),
  );
}

/** The number of deleted keys: 0 or 1. */
export function deleted(reply: unknown): boolean {
  const count = integer(reply);
  if (count !== 0 && count !== 1) throw new WrongReplyError("0 or 1", reply);
  return count === 1;
}

/** The hits of a window; `"full"` = refused. */
export function hits(reply: unknown): Hits | "full" {
  if (!Array.isArray(reply)) {
    if (reply === -1 || reply === "-1") return "full";
    throw new WrongReplyError("the hits of a window", reply);
  }
  const [count, ...notes] = list(reply, "the hits of a window");
  const sum = integer(count);
  if (sum < 1) throw new WrongReplyError("a count from 1", count);
  return { count: sum, notes: notes.map(text) };
}

/** A page of our indexes. */
export function page(reply: unknown): Page {
  const [cursor, ...fields] = list(reply, "a page of keys");
  if (fields.length % 3 !== 0) throw new WrongReplyError("three fields for each key", reply);
  const entries = Array.from({ length: fields.length / 3 }, (_, at) => ({
    rest: text(fields[3 * at]),
    left: timeToLive(fields[3 * at + 1]),
    value: textOrNull(fields[3 * at + 2]),
  }));
  return { cursor: cursorOf(cursor), entries };
}

/** A reply to SCAN. */
export function scanned(reply: unknown): { cursor: string; keys: string[] } {
  const [cursor, keys] = list(reply, "a page of keys");
  return { cursor: cursorOf(cursor), keys: list(keys, "keys").map(text) };
}

/** A member of a sorted set, and its score as Redis writes it. */
export interface ScoredMember {
  readonly member: string;
  readonly score: string;
}

/** The members of a sorted set with their scores. */
export function scoredMembers(reply: unknown): ScoredMember[] {
  // RESP3 has pairs, and numbers that the client may have read.
  const fields = list(reply, "members with scores").flat();
  return pairs(fields, "a score for each member").map(([member, score]) => ({
    member: text(member),
    score: scoreOf(score),
  }));
}

function pairs(fields: readonly unknown[], expected: string): [first: unknown, second: unknown][] {
  if (fields.length % 2 !== 0) throw new WrongReplyError(expected, fields);
  return Array.from({ length: fields.length / 2 }, (_, at) => [fields[2 * at], fields[2 * at + 1]]);
}

function scoreOf(reply: unknown): string {
  const score = typeof reply === "number" ? String(reply) : text(reply);
  if (!Number.isFinite(Number(score))) throw new WrongReplyError("a score", reply);
  return score;
}

/** Times to live and values of keys, in the order in which they were asked for. */
export function values(reply: unknown): ReadValue[] {
  return pairs(list(reply, "values"), "two fields for each key").map(([left, value]) => ({
    left: timeToLive(left),
    value: textOrNull(value),
  }));
}

function cursorOf(reply: unknown): string {
  const cursor = typeof reply === "number" ? String(reply) : text(reply);
  if (!/^\d{1,20}$/.test(cursor)) throw new WrongReplyError("a cursor", reply);
  return cursor;
}

function list(reply: unknown, expected: string): unknown[] {
  if (!Array.isArray(reply)) throw new WrongReplyError(expected, reply);
  return reply;
}

function shown(reply: unknown): string {
  if (typeof reply === "string") return `the text "${printable(reply, 40)}"`;
  if (Array.isArray(reply)) return `an array of ${reply.length}`;
  return reply === null || typeof reply !== "object" ? String(reply) : "an object";
}
