import { UNKNOWN_SERVICE } from "../service-name.js";
import { asciiJson } from "./ban-data.js";

/** A ban. */
export interface Ban {
  /** The banned address, an IPv6 prefix or a CIDR range, in canonical text. */
  readonly ip: string;
  /** Why: `"bad behavior"`, `"manual"`, `"dnsbl"`, or the app's own reason. */
  readonly reason: string;
  /** Whether it applies at `service` only, or everywhere. */
  readonly scope: "service" | "global";
  /** The service of the requests that led to it; `"unknown"` if that is not known. */
  readonly service: string;
  /** When it began. */
  readonly date: Date;
  /** When it ends; `null` = never. */
  readonly expires: Date | null;
  /** Details; for Bad Behavior the counted responses. */
  readonly data: unknown;
  /** Whether a banned client is refused, or challenged by the gate. */
  readonly action: "deny" | "challenge";
}

/**
 * What the index needs to know of a ban's origin: made one by one, by a protection that counts, in place of those of a network,
 * or only held in this process because the store has no room.
 */
export type BanKind = "single" | "automatic" | "merged" | "held";

const MAX_REMEMBERED = 4096;

/** The store's key of a ban. */
export function banKey(subject: string, service: string | undefined): string {
  return service === undefined ? `ban:${subject}` : `ban:${subject}|${service}`;
}

/** Reads a key made by {@link banKey}. */
export function parseBanKey(key: string): { subject: string; service: string | undefined } {
  return parseBanPlace(key, "ban:".length);
}

/** Reads the part of a key from `start` on that names the subject and the service of a ban. */
export function parseBanPlace(key: string, start: number): { subject: string; service: string | undefined } {
  const bar = key.indexOf("|", start);
  return bar < 0
    ? { subject: key.slice(start), service: undefined }
    : { subject: key.slice(start, bar), service: key.slice(bar + 1) };
}

/** Returns a ban as it is stored: BunkerWeb's JSON, `action` and `kind`. Its end is the key's time to live. */
export function encodeBan(ban: Ban, kind: BanKind = "single"): string {
  return asciiJson({
    reason: ban.reason,
    service: ban.service,
    date: ban.date.getTime() / 1000,
    country: "unknown",
    ban_scope: ban.scope,
    permanent: ban.expires === null,
    ...(ban.action === "challenge" ? { action: ban.action } : {}),
    ...(kind === "single" ? {} : { kind }),
    // The last one: lists of bans are read without it.
    reason_data: ban.data ?? {},
  }) as string;
}

/** The kind of a stored ban. */
export function kindOf(value: string): BanKind {
  const { kind } = headOf(value);
  return kind === "automatic" || kind === "merged" ? kind : "single";
}

/** Reads a stored ban. Text that is not such JSON is the reason, as in BunkerWeb. `expires` is in ms, 0 = never. */
export function decodeBan(key: string, value: string, expires: number): Ban {
  const { subject, service } = parseBanKey(key);
  const fields = headOf(value);
  const date =
    typeof fields["date"] === "number" && Math.abs(fields["date"]) < 8e12 ? msOf(fields["date"]) : 0;
  return {
    ip: subject,
    reason: typeof fields["reason"] === "string" ? fields["reason"] : value.slice(0, 1024),
    scope: service === undefined ? "global" : "service",
    service: service ?? (typeof fields["service"] === "string" ? fields["service"] : UNKNOWN_SERVICE),
    date: new Date(date),
    expires: expires === 0 ? null : new Date(expires),
    // Parsed on demand: the text is in the store anyway, but parsed objects would take memory for every ban.
    get data() {
      return fieldsOf(value)["reason_data"] ?? {};
    },
    action: fields["action"] === "challenge" ? "challenge" : "deny",
  };
}

/** What an index keeps of a stored ban. `date` is in ms. */
export interface BanHead {
  readonly reason: string;
  readonly date: number;
  readonly action: "deny" | "challenge";
  readonly kind: BanKind;
}

// As encodeBan writes it, without escapes.
const HEAD =
  /^\{"reason":"([^"\\]*)","service":"[^"\\]*","date":(\d{1,12}(?:\.\d{1,9})?),"country":"unknown","ban_scope":"[a-z]+","permanent":(?:true|false)(,"action":"challenge")?(?:,"kind":"(automatic|merged)")?[,}]/;

// A product of seconds with decimals may fall short of the whole millisecond, and a Date drops fractions.
function msOf(seconds: number): number {
  return Math.round(seconds * 1e6) / 1000;
}

const DOT = -2;
const THOUSANDS = [1000, 100, 10, 1];

/** The text before and after the date of the ban that was read last. Most bans that are read together have the same. */
let frame = {
  before: "\0",
  after: "\0",
  reason: "",
  action: "deny" as BanHead["action"],
  kind: "single" as BanKind,
};

/** Reads of a stored ban what an index keeps. */
export function readHead(value: string): BanHead {
  const { before, after } = frame;
  const end = value.length - after.length;
  // Compared as wholes, which takes a fifth of the time of `startsWith`.
  if (end > before.length && value.slice(0, before.length) === before && value.slice(end) === after) {
    const date = msAt(value, before.length, end);
    const { reason, action, kind } = frame;
    if (date >= 0) return { reason, date, action, kind };
  }
  const found = HEAD.exec(value);
  if (found !== null) {
    const [, reason = "", date = "", challenge, ours] = found;
    const action = challenge === undefined ? "deny" : "challenge";
    const kind = (ours as BanKind | undefined) ?? "single";
    const start = value.indexOf(`,"date":${date}`) + ',"date":'.length;
    frame = { before: value.slice(0, start), after: value.slice(start + date.length), reason, action, kind };
    return { reason, date: msOf(Number(date)), action, kind };
  }
  const { reason, date, action } = decodeBan("ban:", value, 0);
  return { reason, date: date.getTime(), action, kind: kindOf(value) };
}

// Reads seconds with three decimals or fewer as ms; NaN = another text. Several times as fast as `Number`.
function msAt(text: string, start: number, end: number): number {
  let number = 0;
  let decimals = -1;
  if (end - start > 17) return NaN;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit >= 0 && digit <= 9) {
      number = number * 10 + digit;
      if (decimals >= 0) decimals++;
    } else if (digit === DOT && decimals < 0) decimals = 0;
    else return NaN;
  }
  return decimals > 3 ? NaN : number * (THOUSANDS[Math.max(0, decimals)] as number);
}

/** The last parsed text: an index asks for a ban and for its kind. */
let last: { readonly text: string; readonly fields: Record<string, unknown> } | undefined;

// Without the evidence, which is most of the text and comes last in bans of ours. The quotes of a text in JSON are escaped, so
// this cannot be part of one.
function headOf(value: string): Record<string, unknown> {
  if (last?.text === value) return last.fields;
  const end = value.indexOf(',"reason_data":');
  const head = end > 0 ? value.slice(0, end) : "";
  const fields = head.includes(',"permanent":') ? fieldsOf(`${head}}`) : fieldsOf(value);
  last = value.length <= MAX_REMEMBERED ? { text: value, fields } : undefined;
  return fields;
}

function fieldsOf(value: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}
