import type { BunkerEvent } from "../events/event-bus.js";
import { printable } from "../printable.js";
import type { AlertKind } from "./options.js";

const MAX_NAMES = 20;
const MAX_ADDRESSES = 20;
const MAX_TEXT = 200;

/** Counts the events of one kind since the last message about that kind. */
export class AlertBatch {
  count = 0;
  /** How often each reason occurred, the most frequent names only. */
  readonly reasons = new Map<string, number>();
  readonly services = new Map<string, number>();
  /** The last clients. */
  readonly addresses = new Set<string>();
  /** The reference id of the last request. */
  id = "";
  detected = 0;
  first = Infinity;
  last = 0;

  constructor(readonly kind: AlertKind) {}

  add(event: BunkerEvent): void {
    const { time, service, ip, id, mode } = event;
    this.count++;
    if (mode === "detect") this.detected++;
    countName(this.reasons, nameOf(event));
    if (service !== "") countName(this.services, service);
    if (id !== "") this.id = id;
    if (ip !== "") this.addAddress(ip);
    this.span(time.getTime());
  }

  /** Adds what a later batch of the same kind has. */
  absorb(later: AlertBatch): void {
    this.count += later.count;
    this.detected += later.detected;
    for (const [name, count] of later.reasons) countName(this.reasons, name, count);
    for (const [name, count] of later.services) countName(this.services, name, count);
    for (const ip of later.addresses) this.addAddress(ip);
    if (later.id !== "") this.id = later.id;
    this.span(later.first);
    this.span(later.last);
  }

  private addAddress(ip: string): void {
    this.addresses.delete(ip);
    this.addresses.add(ip);
    if (this.addresses.size > MAX_ADDRESSES)
      this.addresses.delete(this.addresses.values().next().value as string);
  }

  private span(now: number): void {
    this.first = Math.min(this.first, now);
    this.last = Math.max(this.last, now);
  }
}

// The message of a warning or fault says more than its name.
function nameOf({ type, protection, reason, ip, data }: BunkerEvent): string {
  if (type === "warning") {
    const { message } = (data ?? {}) as { readonly message?: unknown };
    // Addresses are sent as such only, if at all.
    return `${reason}: ${ip === "" ? String(message) : String(message).replaceAll(ip, "…")}`;
  }
  const detail = type === "fault" && typeof data === "string" ? `: ${data}` : "";
  return `${protection}: ${reason}${detail}`;
}

function countName(counts: Map<string, number>, text: string, by = 1): void {
  const clean = printable(text, MAX_TEXT);
  const name = counts.has(clean) || counts.size < MAX_NAMES ? clean : "other";
  counts.set(name, (counts.get(name) ?? 0) + by);
}
