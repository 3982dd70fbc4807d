import type { BunkerEventType } from "../events/event-bus.js";
import { EVENT_TYPES } from "../events/event-bus.js";
import { check, flag, integer, list, oneOf, text } from "../options/check.js";
import { group, type AnyTable, type Resolved } from "../options/table.js";

/** The subject of an alert: a kind of event. */
export type AlertKind = BunkerEventType;

/** A webhook that is called when something happens. */
export interface AlertOptions {
  /** The address of the webhook, `https://…` or `http://…`. Who knows it can write to it, so it is never logged. */
  url: string;
  /** The format of the message: `"json"`, or `"slack"` for Slack, Mattermost and Discord (`…/slack`). Default `"json"`. */
  format?: "slack" | "json";
  /** The kinds of events that are told. Default: `["banned", "fault", "warning"]`. */
  on?: readonly AlertKind[];
  /** The shortest time between two messages of one kind, in seconds, from 60. Default 60. */
  every?: number;
  /** Signs JSON by HMAC-SHA256 with this key. Default: no signature. */
  secret?: string;
  /** Whether the addresses of clients are sent. Default `false`. */
  addresses?: boolean;
}

const webhook = check<URL>("an http:// or https:// URL", (value) => {
  if (typeof value !== "string" || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  return /^https?:$/.test(url.protocol) ? url : undefined;
});

export const alertTable = {
  url: { check: webhook, default: undefined, secret: true, help: "The address of the webhook." },
  format: { check: oneOf("json", "slack"), default: "json", help: "The format of messages." },
  on: {
    check: list(oneOf(...EVENT_TYPES), { min: 1 }),
    default: (): AlertKind[] => ["banned", "fault", "warning"],
    help: "The kinds of events that are told.",
  },
  every: {
    check: integer(60, 86_400, "seconds"),
    default: 60,
    help: "The shortest time between two messages of one kind.",
  },
  secret: {
    check: text("a text of at least 16 characters", /^[^]{16,}$/),
    default: undefined,
    secret: true,
    help: "The key that signs JSON by HMAC-SHA256.",
  },
  addresses: { check: flag(), default: false, help: "Whether the addresses of clients are sent." },
} satisfies AnyTable;

/** {@link AlertOptions} read and checked. */
export type AlertResolved = Resolved<typeof alertTable> & { readonly url: URL };

const one = group(alertTable);

/** The check of the option `alerts`. */
export const alertsCheck = list<AlertResolved>({
  allowed: one.allowed,
  table: alertTable,
  parse: (value) => one.parse(value),
  read(value, path, report) {
    const read = one.read(value, path, report);
    if (read === undefined) return undefined;
    const { url } = read;
    if (url !== undefined) return { ...read, url };
    report({ path: `${path}.url`, value: undefined, allowed: alertTable.url.check.allowed });
    return undefined;
  },
});
