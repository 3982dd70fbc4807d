import { parseRange, prefixOf, rangeContains, type AddressRange } from "../address/address.js";
import type { BunkerEventType } from "../events/event-bus.js";
import { printable, printableJson } from "../printable.js";

/** The kinds of events that are kept. */
export type HistoryEventType = Exclude<BunkerEventType, "solved" | "reported">;

/** An event as it is kept: texts are cleaned of control characters and cut. They are what clients sent, not markup. */
export interface HistoryEvent {
  /** Unique. */
  readonly key: string;
  readonly type: HistoryEventType;
  /** When, in ms since 1970 by the store's clock. */
  readonly time: number;
  /** The reference id of the request; empty for events without one. */
  readonly id: string;
  /** The client's address, or the range that a ban covers; empty for events without a client. */
  readonly ip: string;
  readonly service: string;
  readonly protection: string;
  readonly reason: string;
  /** `detect` = it was not done, but would have been. */
  readonly mode: "block" | "detect";
  readonly method?: string;
  /** The path, at most 128 characters of it. */
  readonly path?: string;
  /** The challenge kind of a challenge or failure. */
  readonly kind?: string;
  /** The status that counted, or how many responses of each status led to a ban. */
  readonly statuses?: Readonly<Record<string, number>>;
  /** When a ban ends, in ms; `null` = never. */
  readonly expires?: number | null;
  /** Where a ban applies. */
  readonly scope?: "service" | "global";
  /** A summary of the evidence: the beginning of its JSON. */
  readonly evidence?: string;
  /** `true` if the client held a pass when it was banned. */
  readonly passHolder?: true;
  /** How many older events of the same client were left out. */
  readonly left?: number;
}

/** An event before it is kept. */
export interface EventToKeep extends Pick<
  HistoryEvent,
  "type" | "time" | "id" | "ip" | "service" | "protection" | "reason" | "mode"
> {
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly data: unknown;
}

/** The longest text of one event, in bytes. */
const MAX_EVENT_BYTES = 600;

const MAX_STATUSES = 8;

/** Returns the text of an event to keep: JSON of at most 600 bytes. */
export function textOf(event: EventToKeep, key: string, left: number): string {
  const { type, time, mode, method, path } = event;
  const about = {
    key,
    type,
    time,
    id: printable(event.id, 24),
    ip: printable(event.ip, 43),
    service: printable(event.service, 48),
    protection: printable(event.protection, 24),
    reason: printable(event.reason, 48),
    mode,
    ...(left > 0 ? { left } : {}),
    ...(method === undefined ? {} : { method: printable(method, 8) }),
  };
  const request = path === undefined ? {} : { path: printable(path, 128) };
  const full = JSON.stringify({ ...about, ...request, ...detailsOf(event) });
  if (Buffer.byteLength(full) <= MAX_EVENT_BYTES) return full;
  const short = path === undefined ? {} : { path: printable(path, 32) };
  const cut = JSON.stringify({ ...about, ...short });
  // Texts of many bytes a character: what is certainly ASCII stays.
  return Buffer.byteLength(cut) <= MAX_EVENT_BYTES
    ? cut
    : JSON.stringify({ ...about, service: "", protection: "", reason: "" });
}

/** Reads what {@link textOf} has written; `undefined` for anything else. */
export function eventOf(text: string): HistoryEvent | undefined {
  try {
    const event = JSON.parse(text) as Partial<HistoryEvent> | null;
    const isEvent =
      typeof event === "object" &&
      event !== null &&
      [event.key, event.type, event.id, event.ip].every((field) => typeof field === "string") &&
      typeof event.time === "number";
    return isEvent ? (event as HistoryEvent) : undefined;
  } catch {
    return undefined;
  }
}

/** Returns what stands for one client: the address, or the /64 of IPv6; where there is no address, what the event is about. */
export function clientOf({
  ip,
  protection,
  reason,
}: Pick<HistoryEvent, "ip" | "protection" | "reason">): string {
  const range = parseRange(ip);
  if (range === undefined) return `${ip}|${protection}|${reason}`.slice(0, 128);
  return range.address.family === 6 && range.bits > 64 ? prefixOf(range.address, 64).text : range.text;
}

/** Whether an event is about an address in `range`, or about a range that shares addresses with it. */
export function concerns({ ip }: HistoryEvent, range: AddressRange): boolean {
  const own = parseRange(ip);
  return own !== undefined && (rangeContains(range, own.address) || rangeContains(own, range.address));
}

function detailsOf({ data, protection, type }: EventToKeep): Partial<HistoryEvent> {
  if (typeof data === "string") return { evidence: printable(data, 160) };
  if (typeof data !== "object" || data === null) return {};
  const { kind, statuses, passHolder, expires, scope, evidence, message } = data as Readonly<
    Record<string, unknown>
  >;
  if (type === "warning") return { evidence: printable(String(message), 160) };
  // The ban has the evidence of what it refuses.
  const told =
    type === "banned" || type === "unbanned" ? evidence : protection === "antibot" ? undefined : data;
  return {
    ...(typeof kind === "string" ? { kind: printable(kind, 24) } : {}),
    ...statusesOf(statuses),
    ...(expires instanceof Date ? { expires: expires.getTime() } : expires === null ? { expires } : {}),
    ...(scope === "service" || scope === "global" ? { scope } : {}),
    ...evidenceOf(told),
    ...(passHolder === true ? { passHolder } : {}),
  };
}

function statusesOf(statuses: unknown): Partial<HistoryEvent> {
  if (typeof statuses !== "object" || statuses === null) return {};
  const counted = Object.entries(statuses).filter(([, by]) => Number.isSafeInteger(by));
  return counted.length === 0 ? {} : { statuses: Object.fromEntries(counted.slice(0, MAX_STATUSES)) };
}

function evidenceOf(told: unknown): Partial<HistoryEvent> {
  if (told === undefined || told === null) return {};
  if (typeof told === "object" && Object.keys(told).length === 0) return {};
  try {
    return { evidence: printableJson(told).slice(0, 160) };
  } catch {
    // An app may give a ban data that has no JSON.
    return {};
  }
}
