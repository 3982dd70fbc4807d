import { createHmac } from "node:crypto";
import { hostname } from "node:os";
import type { AlertBatch } from "./alert-batch.js";
import type { AlertKind, AlertResolved } from "./options.js";

/** The body and headers of a message. */
interface Message {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const TITLES: Readonly<Record<AlertKind, readonly [one: string, many: string]>> = {
  denied: ["request refused", "requests refused"],
  challenged: ["request challenged", "requests challenged"],
  solved: ["challenge solved", "challenges solved"],
  failed: ["challenge failed", "challenges failed"],
  banned: ["client banned", "clients banned"],
  unbanned: ["client unbanned", "clients unbanned"],
  reported: ["address reported", "addresses reported"],
  fault: ["fault", "faults"],
  warning: ["warning", "warnings"],
};
const MAX_LINES = 5;

/** Returns the message about a batch, `now` in ms. */
export function alertMessage(batch: AlertBatch, options: AlertResolved, now: number): Message {
  const type = { "Content-Type": "application/json; charset=utf-8" };
  if (options.format === "slack")
    return { body: JSON.stringify({ text: textOf(batch, options) }), headers: type };
  const body = JSON.stringify({
    version: 1,
    kind: batch.kind,
    text: summaryOf(batch),
    count: batch.count,
    detected: batch.detected,
    from: new Date(batch.first).toISOString(),
    to: new Date(batch.last).toISOString(),
    host: hostname(),
    reasons: Object.fromEntries(batch.reasons),
    services: Object.fromEntries(batch.services),
    ...(batch.id === "" ? {} : { id: batch.id }),
    ...(options.addresses ? { addresses: [...batch.addresses] } : {}),
  });
  return {
    body,
    headers: options.secret === undefined ? type : { ...type, ...signed(body, options.secret, now) },
  };
}

// The time is signed too, so that a message cannot be sent again later.
function signed(body: string, secret: string, now: number): Record<string, string> {
  const time = Math.floor(now / 1000);
  const signature = createHmac("sha256", secret).update(`${time}.${body}`).digest("hex");
  return { "X-Bunker-Signature": `t=${time},v1=${signature}` };
}

function summaryOf({ kind, count, detected }: AlertBatch): string {
  const [one, many] = TITLES[kind];
  const note = detected === 0 ? "" : detected === count ? " (detect mode)" : ` (${detected} in detect mode)`;
  return `express-bunker on ${hostname()}: ${count} ${count === 1 ? one : many}${note}`;
}

function textOf(batch: AlertBatch, { addresses }: AlertResolved): string {
  const reasons = [...batch.reasons].sort(([, a], [, b]) => b - a).slice(0, MAX_LINES);
  const lines = [summaryOf(batch), ...reasons.map(([name, count]) => `• ${count} × ${name}`)];
  if (batch.reasons.size > MAX_LINES) lines.push(`• and ${batch.reasons.size - MAX_LINES} other reasons`);
  if (addresses && batch.addresses.size > 0)
    lines.push(`Last: ${[...batch.addresses].slice(-MAX_LINES).join(", ")}`);
  // In Slack's text, these begin mentions and links.
  return lines.join("\n").replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
