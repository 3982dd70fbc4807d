// The JSON API between the dashboard's server and its page. Times are in ms since 1970. The server cleans and cuts texts that clients
// chose; the page shows them as text, never as markup.
import type { CountsPoint, CountsReport, PeriodCounts } from "../history/counts-report.js";
import type { HistoryRange } from "../history/time-buckets.js";

export type {
  CountsNumbers,
  CountsPoint,
  CountsReport,
  LabelledCount,
  PeriodCounts,
} from "../history/counts-report.js";
export type { HistoryRange } from "../history/time-buckets.js";

/** The body of every response that is not 2xx. */
export interface ApiProblem {
  readonly error: {
    /** `forbidden`, `not_found`, `bad_request`, `unavailable`, `busy`, or the code of an error of this package. */
    readonly code: string;
    readonly message: string;
    /** The field of the request that is wrong. */
    readonly field?: string;
  };
}

/** `GET api/session`: what the page needs to know first. */
export interface Session {
  /** Sent as the header `X-Bunker-CSRF` with every request that changes something. */
  readonly csrf: string;
  readonly version: string;
  /** The clock of the store, in ms. */
  readonly now: number;
  readonly mode: ModeState;
  readonly services: readonly string[];
  /** The parts that are on. */
  readonly parts: {
    readonly antibot: boolean;
    readonly dnsbl: boolean;
    readonly bunkernet: boolean;
    readonly badBehavior: boolean;
    /** Whether countries or networks of addresses are known. */
    readonly geo: boolean;
  };
}

/** The security mode. Also the response of `POST api/mode`. */
export interface ModeState {
  readonly mode: "block" | "detect";
  readonly configured: "block" | "detect";
  /** When the mode that was set at run time ends; `null` = when it is changed; absent = none is set. */
  readonly until?: number | null;
  /** Services with another configured mode. */
  readonly services?: Readonly<Record<string, "block" | "detect">>;
}

/** `POST api/mode` */
export interface ModeChange {
  readonly mode: "block" | "detect" | "configured";
  /** In seconds; 0 or absent = until it is changed. */
  readonly for?: number;
}

/** A state that an operator should look at. */
export interface Warning {
  /** `WRN_BUNKER_…`, explained in docs/errors.md. */
  readonly code: string;
  /** The subject of the warning: an address, a zone or a path. Empty if there is none. */
  readonly about: string;
  readonly message: string;
  /** A line of options that mends it, to paste; absent = there is none. */
  readonly advice?: string;
  readonly since: number;
  readonly last: number;
  readonly count: number;
  /** How urgent: `alarm` = visitors are probably being refused by mistake. */
  readonly level: "alarm" | "notice";
}

/** The health of one part. */
export interface PartHealth {
  readonly name: string;
  readonly ok: boolean;
  readonly problems: readonly string[];
}

/** `GET api/overview?range=1h|24h|7d|30d` */
export interface Overview {
  readonly counts: CountsReport;
  readonly now: LiveSample;
  readonly health: readonly PartHealth[];
  readonly warnings: readonly Warning[];
  /** Whether the figures are those of all instances; `problem`: why they may be incomplete. */
  readonly shared: boolean;
  readonly problem?: string;
}

/** An event `sample` of `GET api/stream`, about one a second. The event `closed` says that there are too many viewers or the app closes. */
export interface LiveSample {
  readonly time: number;
  /** Since the sample before, of this instance. */
  readonly requests: number;
  readonly denied: number;
  readonly challenged: number;
  readonly solved: number;
  /** Bans in force. */
  readonly bans: number;
  readonly mode: ModeState;
  readonly ok: boolean;
  /** The number of active warnings of each level. */
  readonly alarms: number;
  readonly notices: number;
  /** Samples that this viewer did not get because it was too slow. */
  readonly dropped: number;
  /** The newest events since the sample before, at most 10. */
  readonly events: readonly EventRow[];
  /** The current minute so far, for the last bucket of the chart of an hour. */
  readonly minute?: CountsPoint;
}

/** A recent event. */
export interface EventRow {
  readonly key: string;
  readonly type: "denied" | "challenged" | "failed" | "banned" | "unbanned" | "fault" | "warning";
  readonly time: number;
  /** The reference id. */
  readonly id: string;
  readonly ip: string;
  readonly service: string;
  readonly protection: string;
  readonly reason: string;
  readonly mode: "block" | "detect";
  readonly method?: string;
  readonly path?: string;
  readonly kind?: string;
  /** How many responses of each status led to it. */
  readonly statuses?: Readonly<Record<string, number>>;
  /** When the ban ends; `null` = never. */
  readonly expires?: number | null;
  /** Where a ban applies. */
  readonly scope?: "service" | "global";
  /** The beginning of the evidence, as JSON. */
  readonly evidence?: string;
  readonly passHolder?: true;
  /** How many older events of the same client were left out. */
  readonly left?: number;
  readonly country?: string;
  readonly asn?: number;
}

/** `GET api/events?types=&ip=&service=&protection=&after=&limit=` */
export interface EventsPage {
  readonly events: readonly EventRow[];
  readonly next?: string;
}

/** A number with a name, most frequent first. */
export interface Ranked {
  readonly item: string;
  readonly count: number;
  readonly country?: string;
  readonly asn?: number;
}

/** `GET api/protections?range=` */
export interface Protections {
  readonly range: HistoryRange;
  readonly counts: PeriodCounts;
  readonly antibot?: {
    /** The kind that is configured for most visitors. */
    readonly challenge: string;
    /** Of this period, all instances: issued, solved, failed; abandoned = issued and neither, not counting the open ones of this instance. */
    readonly kinds: readonly {
      readonly kind: string;
      readonly issued: number;
      readonly solved: number;
      readonly failed: number;
      readonly abandoned: number;
    }[];
    readonly excused: readonly Ranked[];
    readonly medianSolveTime?: number;
    readonly solveRate?: number;
  };
  /** Since the start of this process. */
  readonly dnsbl?: {
    readonly zones: readonly {
      readonly zone: string;
      readonly state: "untested" | "good" | "suspended";
      readonly problem?: string;
      readonly ipv6?: boolean;
      readonly asked: number;
      readonly listed: number;
      readonly clean: number;
      readonly errors: Readonly<Record<string, number>>;
      /** Median and 95th percentile of its answers, in ms. */
      readonly latency?: { readonly p50: number; readonly p95: number };
    }[];
    readonly inFlight: number;
    readonly shed: number;
    readonly late: number;
    readonly remembered: number;
  };
  readonly bunkernet?: {
    readonly server: string;
    readonly registered: boolean;
    /** Whether the API has been reached lately. */
    readonly connected: boolean;
    /** The first characters of the id only. */
    readonly maskedId?: string;
    readonly quiet: boolean;
    readonly list: {
      readonly state: "none" | "in force" | "suspended";
      readonly entries: number;
      /** When it was last known to be current. */
      readonly checked?: number;
      readonly problem?: string;
    };
    /** Requests refused because of the list, in this period. */
    readonly blocked: number;
    readonly reports: {
      readonly sent: number;
      readonly waiting: number;
      readonly lost: number;
      readonly problem?: string;
    };
  };
  readonly badBehavior?: {
    readonly banned: number;
    readonly statuses: readonly Ranked[];
    readonly addresses: readonly Ranked[];
    readonly paths: readonly Ranked[];
    /** When the lists begin. */
    readonly from: number;
  };
}

/** A ban in force, without evidence. */
export interface BanRow {
  readonly address: string;
  readonly scope: "service" | "global";
  readonly service: string;
  readonly reason: string;
  readonly action: "deny" | "challenge";
  readonly date: number;
  /** `null` = never. */
  readonly expires: number | null;
  /** `merged` = of a whole network, made of its clients' bans. */
  readonly kind: "single" | "automatic" | "merged" | "held";
  readonly country?: string;
  readonly asn?: number;
}

/** `GET api/bans?search=&reason=&service=&after=&limit=` (search: an address, a range, or part of a reason; limit ≤ 200, default 50), newest first. */
export interface BansPage {
  readonly bans: readonly BanRow[];
  readonly next?: string;
  /** Bans in force that match, and bans in force. */
  readonly matched: number;
  readonly total: number;
  /** The reasons and services of bans in force, most frequent first, at most 50 each. */
  readonly reasons: readonly Ranked[];
  readonly services: readonly Ranked[];
  readonly problem?: string;
}

/** `POST api/bans`; the response is the {@link BanRow}, with status 201. */
export interface BanRequest {
  /** An address or a CIDR range. */
  readonly address: string;
  /** In seconds; 0 = for good. Default 86400. */
  readonly ttl?: number;
  readonly scope?: "service" | "global";
  readonly service?: string;
  readonly reason?: string;
  /** Bans a wide range, or one that holds a proxy, all the same. */
  readonly force?: boolean;
}

/**
 * `PATCH api/bans/<address>`: a new end for the ban on exactly this address or range. The response is the {@link BanRow}.
 * `DELETE api/bans/<address>?service=` lifts it: the response is `{ removed: boolean }`. (`encodeURIComponent(address)`.)
 */
export interface BanChange {
  /** Seconds from now; 0 = for good. */
  readonly ttl: number;
  /** Of a ban at one service. */
  readonly service?: string;
}

/** `GET api/addresses/<address or range>?path=/x&service=&lookup=1` */
export interface AddressDetails {
  readonly address: string;
  /** Whether it is one address, or a range. */
  readonly isRange: boolean;
  /** Bans of exactly it, of ranges around it, and, for a range, of what is in it (at most 50), with their evidence. */
  readonly bans: readonly (BanRow & { readonly evidence?: unknown })[];
  readonly events: readonly EventRow[];
  /** Bad responses that count just now, by service; `""` = all services together. */
  readonly counters: readonly {
    readonly service: string;
    readonly count: number;
    readonly threshold: number;
  }[];
  readonly bunkernet?: { readonly listed: boolean };
  readonly country?: string;
  readonly asn?: number;
  /** With `lookup=1` and for one address only; DNS is asked then. */
  readonly lookups?: {
    /** `undefined` = DNS failed. */
    readonly names?: readonly { readonly name: string; readonly confirmed: boolean }[];
    readonly zones: readonly {
      readonly zone: string;
      readonly verdict: "listed" | "clean" | "error";
      readonly code?: string;
      readonly text?: string;
    }[];
  };
  /** How a GET of `path` would be judged; for one address only. */
  readonly explanation?: {
    readonly path: string;
    readonly verdict: "pass" | "deny" | "challenge";
    readonly by?: string;
    readonly service?: string;
    readonly mode: "block" | "detect";
    readonly isProxy: boolean;
    readonly steps: readonly {
      readonly protection: string;
      readonly reached: boolean;
      readonly verdict: "pass" | "deny" | "challenge" | "error";
      readonly reason: string;
      /** As JSON. */
      readonly data?: string;
    }[];
  };
}

/** `GET api/references/<id>`: why a visitor was refused. 404 when nothing is known of it. */
export interface Reference {
  readonly id: string;
  readonly events: readonly EventRow[];
  /** The ban in force of that client now, if there is one. */
  readonly ban?: BanRow & { readonly evidence?: unknown };
}

/** `GET api/settings` */
export interface Settings {
  readonly groups: readonly {
    /** `common`, `antibot`, `badBehavior`, `dnsbl`, `bunkernet`, … */
    readonly part: string;
    readonly on: boolean;
    readonly options: readonly {
      /** The path of the option, such as `badBehavior.banTime`. */
      readonly name: string;
      /** As text; `"(hidden)"` for secrets. */
      readonly value: string;
      /** `default`, `options`, or the setting and where it was read, such as `ANTIBOT_TIME_RESOLVE (the environment)`. */
      readonly from: string;
      readonly isDefault: boolean;
      readonly help: string;
      readonly setting?: string;
    }[];
  }[];
  /** Options that services have of their own, by service. */
  readonly services: Readonly<
    Record<string, readonly { readonly name: string; readonly value: string; readonly from: string }[]>
  >;
  /** What `mode: "block"` would have done in the last 24 hours where detect mode let requests pass. */
  readonly forecast: {
    readonly range: HistoryRange;
    readonly requests: number;
    readonly wouldDeny: number;
    readonly wouldChallenge: number;
    readonly wouldBan: number;
    readonly denyBy: readonly {
      readonly protection: string;
      readonly reason: string;
      readonly count: number;
    }[];
    readonly challengeBy: readonly {
      readonly kind: string;
      readonly reason: string;
      readonly count: number;
    }[];
    readonly banBy: readonly { readonly reason: string; readonly count: number }[];
    readonly services: readonly {
      readonly service: string;
      readonly requests: number;
      readonly wouldDeny: number;
      readonly wouldChallenge: number;
      readonly wouldBan: number;
    }[];
  };
}
