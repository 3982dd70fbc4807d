/** What every name of a metric starts with. */
export const PREFIX = "express_bunker_";

type MetricType = "counter" | "gauge" | "histogram";

/** How one metric is described. */
export interface FamilyDescription {
  readonly type: MetricType;
  readonly help: string;
  readonly labels: readonly string[];
  /** How the values of several processes make one. Default: their sum. */
  readonly aggregator?: "max" | "average";
}

/** Every metric, by its name without the prefix. */
export const FAMILIES = {
  info: {
    type: "gauge",
    help: "Always 1; the label has the version of express-bunker.",
    labels: ["version"],
    aggregator: "max",
  },
  requests_total: {
    type: "counter",
    help: "Requests by verdict. gate: the request was for the challenge itself.",
    labels: ["verdict", "service", "mode"],
  },
  denied_total: {
    type: "counter",
    help: "Requests and connections that were refused; in detect mode, that would have been.",
    labels: ["protection", "reason", "service", "mode"],
  },
  challenged_total: {
    type: "counter",
    help: "Requests that were stopped by a challenge; in detect mode, that would have been.",
    labels: ["protection", "reason", "kind", "service", "mode"],
  },
  issued_total: { type: "counter", help: "Challenges that were issued.", labels: ["kind"] },
  solved_total: {
    type: "counter",
    help: "Challenges that were solved.",
    labels: ["kind", "service", "mode"],
  },
  failed_total: {
    type: "counter",
    help: "Wrong solutions of challenges.",
    labels: ["kind", "service", "mode"],
  },
  abandoned_total: {
    type: "counter",
    help: "Challenges that were issued and not answered in time.",
    labels: ["kind"],
  },
  challenges_open: {
    type: "gauge",
    help: "Challenges that were issued and may still be answered.",
    labels: ["kind"],
  },
  solve_seconds: {
    type: "histogram",
    help: "Time from issuing a challenge to its right solution.",
    labels: ["kind"],
  },
  bans_total: {
    type: "counter",
    help: "Bans that this process made; in detect mode, that it would have made.",
    labels: ["protection", "reason", "service", "mode"],
  },
  unbans_total: { type: "counter", help: "Bans that were lifted by this process.", labels: ["service"] },
  bans_active: {
    type: "gauge",
    help: "Bans in force, of all instances on the store.",
    labels: [],
    aggregator: "max",
  },
  faults_total: {
    type: "counter",
    help: "Things that went wrong on our side.",
    labels: ["protection", "reason"],
  },
  degraded: {
    type: "gauge",
    help: "1 if a part does not work as it should, else 0.",
    labels: ["part"],
    aggregator: "max",
  },
  detect_mode: {
    type: "gauge",
    help: "1 while the mode in force is detect, for services without a mode of their own; else 0.",
    labels: [],
    aggregator: "max",
  },
  warnings_active: {
    type: "gauge",
    help: "Warnings in force, by how urgent they are: alarm or notice.",
    labels: ["level"],
    aggregator: "max",
  },
  decision_seconds: {
    type: "histogram",
    help: "Time to decide about a request, waiting for DNS and the store included.",
    labels: ["verdict"],
  },
  dns_seconds: {
    type: "histogram",
    help: "Time of DNS questions, by blocklist zone; names: of names and crawlers.",
    labels: ["zone"],
  },
  vendor_seconds: {
    type: "histogram",
    help: "Time of calls to captcha vendors and BunkerNet.",
    labels: ["vendor"],
  },
  store_seconds: {
    type: "histogram",
    help: "Time of store calls that do not return at once.",
    labels: ["operation"],
  },
  list_entries: { type: "gauge", help: "Entries of a list in force.", labels: ["list"], aggregator: "max" },
  list_age_seconds: {
    type: "gauge",
    help: "Time since a list was last known to be current.",
    labels: ["list"],
    aggregator: "max",
  },
  queue_length: { type: "gauge", help: "What waits, by queue.", labels: ["queue"] },
  cache_hits_total: { type: "counter", help: "Look-ups that a cache answered.", labels: ["cache"] },
  cache_misses_total: { type: "counter", help: "Look-ups that a cache did not answer.", labels: ["cache"] },
  cache_hit_ratio: {
    type: "gauge",
    help: "The share of look-ups that a cache answered since the start.",
    labels: ["cache"],
    aggregator: "average",
  },
  dnsbl_lookups_total: {
    type: "counter",
    help: "Answers of blocklist zones: listed, clean, or the kind of error.",
    labels: ["zone", "result"],
  },
  dnsbl_unchecked_total: {
    type: "counter",
    help: "Requests that passed because a look-up was shed or late.",
    labels: ["reason"],
  },
  dnsbl_zone_suspended: {
    type: "gauge",
    help: "1 while a blocklist zone is suspended, else 0.",
    labels: ["zone"],
    aggregator: "max",
  },
  bunkernet_reports_total: {
    type: "counter",
    help: "Reports to BunkerNet: delivered, dropped or rejected.",
    labels: ["result"],
  },
} as const satisfies Record<string, FamilyDescription>;

export type FamilyName = keyof typeof FAMILIES;

/** Returns the description of a metric. */
export function describe(name: FamilyName): FamilyDescription {
  return FAMILIES[name];
}

export type Labels = Readonly<Record<string, string>>;

/** One value of a metric. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** The part of a histogram. */
  readonly suffix?: "_bucket" | "_sum" | "_count";
}

/** A metric with its values. */
export interface Family {
  readonly name: FamilyName;
  readonly samples: readonly Sample[];
}
