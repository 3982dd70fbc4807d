import { inspect } from "node:util";

/** The most that the data of a ban take as JSON, in characters. */
const MAX_DATA = 1024;
/** The maximum length of a reason. */
const MAX_REASON = 256;

/** Cuts a reason at 256 characters. What callers in JavaScript pass is made a text. */
export function boundedReason(given: unknown): string {
  const reason = typeof given === "string" ? given : inspect(given);
  return reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON - 1)}…` : reason;
}

/**
 * Returns the data of a ban as plain JSON of at most 1 kB. Of a longer array the last entries are kept, of a longer object the
 * fields that fit, and `cut: true`; a longer text is cut.
 */
export function boundedData(data: unknown): unknown {
  let text: string | undefined;
  try {
    text = asciiJson(data ?? {});
  } catch {
    // A cycle or a BigInt: a ban without data is better than none.
    return { cut: true };
  }
  if (text === undefined) return {};
  const plain = JSON.parse(text) as unknown;
  if (text.length <= MAX_DATA) return plain;
  if (Array.isArray(plain)) return lastThatFit(plain);
  if (typeof plain === "object" && plain !== null) return fieldsThatFit(plain as Record<string, unknown>);
  return cutText(String(plain), MAX_DATA);
}

function lastThatFit(entries: readonly unknown[]): unknown[] {
  let room = MAX_DATA - 2;
  let first = entries.length;
  while (first > 0) {
    room -= sizeOf(entries[first - 1]) + 1;
    if (room < 0) break;
    first--;
  }
  return entries.slice(first);
}

function fieldsThatFit(fields: Record<string, unknown>): Record<string, unknown> {
  const kept: [string, unknown][] = [];
  let room = MAX_DATA - '{"cut":true}'.length;
  for (const [name, value] of Object.entries(fields)) {
    const frame = sizeOf(name) + 2;
    const size = frame + sizeOf(value);
    if (size <= room) {
      kept.push([name, value]);
      room -= size;
    } else if (typeof value === "string" && room > frame + 64) {
      kept.push([name, cutText(value, room - frame)]);
      room = 0;
    }
  }
  return Object.fromEntries([...kept, ["cut", true]]);
}

function cutText(text: string, room: number): string {
  let cut = text.slice(0, room - 2);
  while (sizeOf(cut) > room) cut = cut.slice(0, Math.floor(cut.length * 0.8));
  return cut;
}

function sizeOf(value: unknown): number {
  return asciiJson(value)?.length ?? 0;
}

/** JSON in ASCII, which takes one byte a character in memory and on the network. */
export function asciiJson(value: unknown): string | undefined {
  const text = JSON.stringify(value) as string | undefined;
  return text?.replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
