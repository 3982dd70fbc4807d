import type {
  AddressDetails,
  BanRow,
  BansPage,
  CountsPoint,
  EventRow,
  EventsPage,
  LiveSample,
  Overview,
  PeriodCounts,
  Protections,
  Reference,
  Session,
  Settings,
} from "../../src/dashboard/api.js";

const MINUTE = 60_000;
const NUMBERS = {
  requests: 120,
  denied: 9,
  challenged: 7,
  banned: 1,
  wouldDeny: 2,
  wouldChallenge: 3,
  wouldBan: 1,
  issued: 7,
  solved: 5,
  failed: 1,
  unbanned: 0,
  reported: 1,
  faults: 0,
  excused: 4,
  badResponses: 11,
};

/**
 * Returns an answer for each kind of path of the API, with everything that an answer can have. `spoil` is applied to every text
 * that clients, other servers or operators choose.
 */
export function pageAnswers(spoil: (text: string) => string = (text) => text): (path: string) => unknown {
  const now = Date.now();
  const mode = { mode: "block", configured: "block", services: { "api.example.com": "detect" } } as const;
  const origin = { country: "NL", asn: 64496 };
  const evidence = [{ time: now - 9000, status: 404, method: "GET", path: spoil("/wp-login.php") }];
  const event = (at: number, more: Partial<EventRow>): EventRow => ({
    key: `event-${at}`,
    type: "denied",
    time: now - at * MINUTE,
    id: "7K2MQ4XW9ABC",
    ip: "203.0.113.7",
    service: spoil("shop.example.com"),
    protection: "bad-behavior",
    reason: spoil("too many requests at once"),
    mode: "block",
    method: spoil("GET"),
    path: spoil("/admin"),
    ...origin,
    ...more,
  });
  const events: EventRow[] = [
    event(1, {}),
    event(2, { type: "challenged", protection: "antibot", kind: spoil("javascript"), left: 3 }),
    event(3, {
      type: "banned",
      statuses: { 404: 8, 403: 2 },
      expires: now + 60 * MINUTE,
      evidence: JSON.stringify(evidence),
      passHolder: true,
    }),
    event(4, { type: "banned", mode: "detect", expires: null, evidence: spoil("[{cut off") }),
    event(5, { type: "failed" }),
    event(6, { type: "unbanned" }),
    event(7, { type: "fault", ip: "", id: "" }),
    event(8, { type: "warning" }),
  ];
  const ban = (address: string, more: Partial<BanRow> = {}): BanRow => ({
    address,
    scope: "service",
    service: spoil("shop.example.com"),
    reason: spoil("bad behavior"),
    action: "deny",
    date: now - 5 * MINUTE,
    expires: now + 600 * MINUTE,
    kind: "automatic",
    ...origin,
    ...more,
  });
  const bans = [
    ban("203.0.113.7"),
    ban("198.51.100.0/24", { kind: "merged", scope: "global", expires: null }),
    ban("2001:db8::/64", { kind: "held", action: "challenge" }),
  ];
  const points = Array.from({ length: 60 }, (_, at): CountsPoint => {
    return {
      ...NUMBERS,
      time: (Math.floor(now / MINUTE) - 59 + at) * MINUTE,
      deniedBy: { [`bans|${spoil("manual")}`]: 5, "dnsbl|dnsbl": at % 5 },
      challengedBy: { javascript: 4, [spoil("own")]: 3 },
      medianSolveTime: 2,
    };
  });
  const counts: PeriodCounts = {
    ...NUMBERS,
    from: now - 60 * MINUTE,
    to: now,
    deniedBy: [
      { labels: { protection: "bans", reason: spoil("manual") }, count: 300 },
      { labels: { protection: "dnsbl", reason: "dnsbl" }, count: 120 },
    ],
    challengedBy: [
      { labels: { kind: "javascript", reason: "no pass" }, count: 240 },
      { labels: { kind: spoil("own"), reason: "no pass" }, count: 180 },
    ],
    bannedBy: [],
    wouldDenyBy: [],
    wouldChallengeBy: [],
    wouldBanBy: [],
    issuedBy: [],
    solvedBy: [],
    failedBy: [],
    unbannedBy: [],
    reportedBy: [],
    faultsBy: [],
    excusedBy: [],
    badResponsesBy: [],
    services: [{ service: spoil("shop.example.com"), ...NUMBERS }],
    solveTimes: [],
    medianSolveTime: 2.1,
    solveRate: 0.8,
  };
  const sample: LiveSample = {
    time: now,
    requests: 3,
    denied: 1,
    challenged: 1,
    solved: 1,
    bans: 3,
    mode,
    ok: true,
    alarms: 1,
    notices: 1,
    dropped: 0,
    events: [],
  };
  const warning = { since: now - 9 * MINUTE, last: now - MINUTE, count: 4, about: spoil("/feed.xml") };
  const overview: Overview = {
    counts: {
      range: "1h",
      step: MINUTE,
      points,
      now: counts,
      before: { ...counts, denied: 3 },
      shared: true,
      problem: undefined,
    },
    now: sample,
    health: [
      { name: "bans", ok: true, problems: [] },
      { name: "dnsbl", ok: false, problems: [spoil("zone bl.example.net is suspended")] },
    ],
    warnings: [
      {
        ...warning,
        code: "WRN_BUNKER_PROXY",
        message: spoil("Most requests come from one address"),
        advice: spoil('trustProxy: ["10.0.0.5"]'),
        level: "alarm",
      },
      { ...warning, code: "WRN_BUNKER_CLOCK", message: spoil("Feed readers meet the gate"), level: "notice" },
    ],
    shared: false,
    problem: spoil("Redis does not answer"),
  };
  const ranked = [{ item: spoil("/wp-login.php"), count: 12 }];
  const protections: Protections = {
    range: "24h",
    counts,
    antibot: {
      challenge: "javascript",
      kinds: [{ kind: spoil("javascript"), issued: 20, solved: 15, failed: 2, abandoned: 3 }],
      excused: [{ item: spoil("ignoreUri"), count: 7 }],
      medianSolveTime: 2.1,
      solveRate: 0.75,
    },
    dnsbl: {
      zones: [
        {
          zone: spoil("bl.example.net"),
          state: "suspended",
          problem: spoil("it lists everybody"),
          ipv6: false,
          asked: 20,
          listed: 2,
          clean: 17,
          errors: { timeout: 1 },
          latency: { p50: 11, p95: 48 },
        },
      ],
      inFlight: 1,
      shed: 0,
      late: 1,
      remembered: 9,
    },
    bunkernet: {
      server: spoil("https://api.bunkernet.example"),
      registered: true,
      connected: false,
      maskedId: spoil("3f9a…"),
      quiet: true,
      list: { state: "suspended", entries: 4100, checked: now - 9 * MINUTE, problem: spoil("too many hits") },
      blocked: 4,
      reports: { sent: 2, waiting: 1, lost: 1, problem: spoil("the server is away") },
    },
    badBehavior: {
      banned: 3,
      statuses: [{ item: "404", count: 12 }],
      addresses: [{ item: "203.0.113.7", count: 12, ...origin }],
      paths: ranked,
      from: now - 60 * MINUTE,
    },
  };
  const session: Session = {
    csrf: "token",
    version: "0.1.0",
    now,
    mode,
    services: [spoil("shop.example.com"), "api.example.com"],
    parts: { antibot: true, dnsbl: true, bunkernet: true, badBehavior: true, geo: true },
  };
  const bansPage: BansPage = {
    bans,
    next: "next",
    matched: 3,
    total: 3,
    reasons: [{ item: spoil("bad behavior"), count: 3 }],
    services: [{ item: spoil("shop.example.com"), count: 3 }],
    problem: spoil("Redis does not answer"),
  };
  const details: AddressDetails = {
    address: "203.0.113.7",
    isRange: false,
    bans: bans.map((row) => ({ ...row, evidence })),
    events,
    counters: [
      { service: "", count: 7, threshold: 10 },
      { service: spoil("shop.example.com"), count: 4, threshold: 10 },
    ],
    bunkernet: { listed: true },
    ...origin,
    lookups: {
      names: [{ name: spoil("crawl.example.net"), confirmed: true }],
      zones: [
        { zone: spoil("bl.example.net"), verdict: "listed", code: spoil("127.0.0.4"), text: spoil("see us") },
      ],
    },
    explanation: {
      path: spoil("/"),
      verdict: "deny",
      by: "bans",
      service: spoil("shop.example.com"),
      mode: "detect",
      isProxy: true,
      steps: [
        {
          protection: "bans",
          reached: true,
          verdict: "deny",
          reason: spoil("manual"),
          data: spoil('{"a":1}'),
        },
        { protection: "antibot", reached: false, verdict: "pass", reason: "" },
      ],
    },
  };
  const reference: Reference = { id: "7K2MQ4XW9ABC", events, ban: { ...ban("203.0.113.7"), evidence } };
  const eventsPage: EventsPage = { events, next: "next" };
  const settings = settingsAnswer(spoil);
  return (path) => {
    const [kind = "", item] = path.replace(/^.*\/api\//, "").split(/[/?]/);
    const known: Record<string, unknown> = {
      session,
      overview,
      events: eventsPage,
      protections,
      bans: item === undefined || path.includes("?") ? bansPage : bans[0],
      addresses: details,
      references: reference,
      settings,
    };
    return known[kind];
  };
}

function settingsAnswer(spoil: (text: string) => string): Settings {
  const service = { requests: 90, wouldDeny: 2, wouldChallenge: 3, wouldBan: 1 };
  return {
    groups: [
      {
        part: "badBehavior",
        on: true,
        options: [
          {
            name: "badBehavior.banTime",
            value: spoil("86400"),
            from: spoil("BAD_BEHAVIOR_BAN_TIME (the environment)"),
            isDefault: false,
            help: "Seconds that a ban lasts; `0` = for good.",
          },
          { name: "badBehavior.threshold", value: "10", from: "default", isDefault: true, help: "How many." },
        ],
      },
    ],
    services: {
      [spoil("api.example.com")]: [{ name: "antibot", value: spoil("false"), from: spoil("options") }],
    },
    forecast: {
      range: "24h",
      ...service,
      denyBy: [{ protection: "bans", reason: spoil("manual"), count: 2 }],
      challengeBy: [{ kind: spoil("javascript"), reason: spoil("no pass"), count: 3 }],
      banBy: [{ reason: spoil("bad behavior"), count: 1 }],
      services: [
        { service: spoil("shop.example.com"), ...service },
        { service: "api.example.com", ...service },
      ],
    },
  };
}
