/* eslint-disable @typescript-eslint/unbound-method -- each is called with its own `this` */
import fc from "fast-check";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setImmediate } from "node:timers/promises";
import { PassStorage } from "../../src/antibot/passes/passes.js";
import { Escalation } from "../../src/antibot/escalation.js";
import { ClientActivities } from "../../src/bad-behavior/client-activity.js";
import { RevokedPasses } from "../../src/bans/revoked-passes.js";
import { BunkernetProtection } from "../../src/bunkernet/bunkernet-protection.js";
import { ActiveClients } from "../../src/bunkernet/active-clients.js";
import { Generation, KnownVisitors } from "../../src/engine/known-visitors.js";
import { AddressSet } from "../../src/address/address-set.js";
import { BanList, bunker, type Bunker, type BunkerOptions, type SessionOptions } from "../../src/index.js";
import { parseRange, type AddressRange } from "../../src/address/address.js";
import { StoreScope } from "../../src/store/store-scope.js";
import { startContract, type ContractServer } from "../bunkernet/contract-server.js";
import { ask, browse, Jar, NAVIGATION, type Got } from "../support/ask.js";
import { site, stopSites, type TestSite } from "../support/site.js";

/** More of them are run by hand, after a change of what is remembered. */
const RUNS = Number(process.env["RUNS"] ?? 40);
const WATCHDOG_MS = 120_000 + RUNS * 6000;

const CLIENTS = ["45.83.64.1", "45.83.64.9", "2a00:1450::1", "2a00:1450::2", "10.0.0.1"] as const;
const HOSTS = ["shop.test", "blog.test", "shop.example"] as const;
const AGENTS = ["browser/1", "browser/2"] as const;
const PATHS = [
  ...[
    "/",
    "/",
    "/",
    "/a?b=c",
    "/%61",
    "/status/404",
    "/ban-me",
    "/robots.txt",
    "/robots%2etxt",
    "/robots.txt?a",
  ],
  ...[
    "/challenge",
    "/challenge/",
    "/%63hallenge",
    "/a/../challenge",
    "//challenge",
    "/challenges",
    "/Challenge",
  ],
  ...["/.well-known/x", "/.well-known/../a", "/favicon.ico", "/a%2fb", "/challenge?bunker=x", "/#challenge"],
  ...["http://shop.test/challenge", "http://shop.test/", "/a%00", "/x%2e%2e/challenge"],
] as const;
const COOKIES = [
  "own",
  "own",
  "own",
  "own and app",
  "reversed",
  "twice",
  "garbage first",
  "another's",
  "none",
] as const;
const METHODS = ["GET", "GET", "GET", "HEAD", "POST", "OPTIONS"] as const;
const WHO = fc.nat(CLIENTS.length - 1);
const RANGES = [...CLIENTS, "45.83.64.0/24", "2a00:1450::/64", "2a00:1450::/48"] as const;

interface Visit {
  readonly who: number;
  readonly host: (typeof HOSTS)[number];
  readonly agent: (typeof AGENTS)[number];
  readonly https: boolean;
}

type Step = Partial<Visit> &
  (
    | {
        readonly do: "ask";
        readonly path: string;
        readonly method: string;
        readonly cookies: (typeof COOKIES)[number];
        readonly navigation: boolean;
        readonly repeat: number;
      }
    | { readonly do: "earn" }
    | {
        readonly do: "ban";
        readonly ip: string;
        readonly ttl: number;
        readonly service: string | undefined;
        readonly action: "deny" | "challenge";
      }
    | { readonly do: "unban"; readonly ip: string }
    | { readonly do: "clock"; readonly by: number }
    | { readonly do: "list"; readonly ips: readonly string[] }
    | { readonly do: "zone"; readonly ips: readonly string[] }
    | { readonly do: "allow" | "ignore" | "gate ignores"; readonly ip: string; readonly on: boolean }
    | { readonly do: "escalate"; readonly ip: string; readonly step: number }
    | { readonly do: "mode"; readonly mode: "block" | "detect" | "configured"; readonly time: number }
  );

// Mostly as usual, so that a request differs from the one before in one thing or two.
const mostly = <T>(usual: T, others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { arbitrary: fc.constant(usual), weight: 3 },
    { arbitrary: fc.constantFrom(...others), weight: 1 },
  );
const visit = {
  who: WHO,
  host: mostly<string>(HOSTS[0], HOSTS),
  agent: mostly<string>(AGENTS[0], AGENTS),
  https: mostly(false, [true]),
};
const ip = fc.constantFrom(...CLIENTS);
const someIps = fc.subarray([...CLIENTS], { maxLength: 2 });
const request = fc.record<Step>({
  do: fc.constant("ask"),
  ...visit,
  path: mostly<string>("/", PATHS),
  method: mostly<string>("GET", METHODS),
  cookies: mostly<string>("own", COOKIES),
  navigation: fc.boolean(),
  repeat: fc.integer({ min: 1, max: 3 }),
} as never);
// As clients mostly come: nothing but the path differs.
const usual = {
  who: WHO,
  host: fc.constant(HOSTS[0]),
  agent: fc.constant(AGENTS[0]),
  https: fc.constant(false),
};
const plain = fc.record<Step>({
  do: fc.constant("ask"),
  ...usual,
  path: fc.constantFrom("/", "/a?b=c"),
  method: fc.constant("GET"),
  cookies: fc.constant("own"),
  navigation: fc.boolean(),
  repeat: fc.integer({ min: 1, max: 3 }),
});
const change = fc.oneof(
  fc.record({
    do: fc.constant("ban"),
    ip: fc.constantFrom(...RANGES),
    ttl: fc.constantFrom(0, 1, 30, 4000),
    service: fc.constantFrom(undefined, "shop.test", "blog.test"),
    action: fc.constantFrom("deny", "challenge"),
  }),
  fc.record({ do: fc.constant("unban"), ip: fc.constantFrom(...RANGES) }),
  fc.record({
    do: fc.constant("clock"),
    by: fc.oneof(
      { arbitrary: fc.constantFrom(0.001, 1, 29, 31, 61, -0.001, -1, -31), weight: 3 },
      { arbitrary: fc.constantFrom(300, 1799, 1801, 3601, 43_201, 90_000, -1801, -3601, -90_000), weight: 1 },
    ),
  }),
  fc.record({ do: fc.constant("list"), ips: someIps }),
  fc.record({ do: fc.constant("zone"), ips: someIps }),
  fc.record({ do: fc.constantFrom("allow", "ignore", "gate ignores"), ip, on: fc.boolean() }),
  fc.record({ do: fc.constant("escalate"), ip, step: fc.constantFrom(0, 0, 1) }),
  fc.record({
    do: fc.constant("mode"),
    mode: fc.constantFrom("block", "detect", "configured"),
    time: fc.constantFrom(0, 1, 30),
  }),
) as fc.Arbitrary<Step>;
const earn = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant("earn"), ...usual }), weight: 3 },
  { arbitrary: fc.record({ do: fc.constant("earn"), ...visit }), weight: 1 },
) as fc.Arbitrary<Step>;
// Mostly visits, so that there is something to remember.
const steps = fc.array(
  fc.oneof(
    { arbitrary: plain, weight: 2 },
    { arbitrary: request, weight: 4 },
    { arbitrary: change, weight: 4 },
    { arbitrary: earn, weight: 3 },
  ),
  { minLength: 10, maxLength: 40 },
);

const setUps = fc.record({
  mode: fc.constantFrom("block", "block", "block", "detect"),
  renew: fc.boolean(),
  timeValid: fc.constantFrom(60, 3600, 86_400, 86_400),
  checkIp: fc.constantFrom<SessionOptions["checkIp"][]>("prefix", "exact", false),
  checkUserAgent: fc.boolean(),
  actions: fc.constantFrom("deny", "challenge"),
  wait: fc.boolean(),
  clean: fc.constantFrom(0, 30, 86_400, 86_400),
  steps: fc.constantFrom(1, 2),
  preflight: fc.constantFrom("pass", "challenge"),
  rules: fc.constantFrom("none", "none", "none", "none", "include", "ignoreUri", "hook", "skip"),
  secrets: fc.constantFrom(1, 2),
});
type SetUp = typeof setUps extends fc.Arbitrary<infer T> ? T : never;

const USUAL = CLIENTS.map((_, who) => ({ who, host: HOSTS[0], agent: AGENTS[0], https: false }));
/** Every client gets a pass. */
const EVERYBODY_EARNS = USUAL.map((from): Step => ({ do: "earn", ...from }));
/** Every client comes again as usual, often enough to be remembered. */
const EVERYBODY_COMES = USUAL.map((from): Step => ({
  ...{ do: "ask", ...from, path: "/", method: "GET", cookies: "own", navigation: true, repeat: 2 },
}));

/** What the parts that samples and bans feed on were told. */
type Trace = string[];

/** One of the two sites. */
interface Way {
  readonly site: TestSite<Bunker>;
  readonly jars: readonly Jar[];
  readonly trace: Trace;
  readonly sets: Readonly<Record<"allow" | "ignore" | "gate ignores", AddressSet>>;
  readonly zone: Set<string>;
  readonly escalated: Map<string, number>;
  readonly clock: { ms: number };
  readonly asked: string[];
}

let api: ContractServer;
/** The generations of sites that always go the long way. */
let longWay = new WeakSet<Generation>();
/** How often the short way was gone. */
let short = 0;
/** The site that is being asked: the parts of both are of the same classes. */
let current: Way | undefined;

beforeEach(async () => {
  api = await startContract();
  longWay = new WeakSet();
  short = 0;
  const { recall } = KnownVisitors.prototype;
  jest.spyOn(KnownVisitors.prototype, "recall").mockImplementation(function (
    this: KnownVisitors,
    client,
    view,
  ) {
    const { generation } = this as unknown as { generation: Generation };
    return longWay.has(generation) ? undefined : recall.call(this, client, view);
  });
  // Lists are downloaded when a step says so.
  jest.spyOn(BunkernetProtection.prototype as unknown as { tick: () => void }, "tick").mockReturnValue();
  const { stillHas } = PassStorage.prototype;
  jest.spyOn(PassStorage.prototype, "stillHas").mockImplementation(function (this: PassStorage, ...args) {
    const still = stillHas.apply(this, args);
    if (still) short++;
    return still;
  });
  const { add } = ActiveClients.prototype;
  jest.spyOn(ActiveClients.prototype, "add").mockImplementation(function (this: ActiveClients, address, now) {
    current?.trace.push(`active ${address.text} ${now}`);
    add.call(this, address, now);
  });
  const { visit: enter } = ClientActivities.prototype;
  jest.spyOn(ClientActivities.prototype, "visit").mockImplementation(function (
    this: ClientActivities,
    key,
    now,
  ) {
    current?.trace.push(`visit ${key} ${now}`);
    return enter.call(this, key, now);
  });
  const { shown } = RevokedPasses.prototype;
  jest.spyOn(RevokedPasses.prototype, "shown").mockImplementation(function (
    this: RevokedPasses,
    client,
    pass,
  ) {
    current?.trace.push(`shown ${client.key} ${pass.service} ${pass.issued}`);
    shown.call(this, client, pass);
  });
  jest
    .spyOn(Escalation.prototype, "localStep")
    .mockImplementation((client) => current?.escalated.get(client.key) ?? 0);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await stopSites();
  await api.close();
});

// Says all that the app learns about its request.
function app(req: IncomingMessage, res: ServerResponse): void {
  const { originalUrl = "" } = req as { originalUrl?: string };
  const found = req.bunker;
  if (originalUrl.startsWith("/ban-me")) void found?.ban({ ttl: 30, reason: "asked for" });
  res.statusCode = originalUrl.startsWith("/status/404") ? 404 : 200;
  const { pass, ip: from, verdicts } = found ?? {};
  const { issued, kinds, solved } = pass ?? {};
  res.end(JSON.stringify({ from, issued, kinds, solved: [...(solved ?? [])], verdicts, originalUrl }));
}

async function start(setUp: SetUp): Promise<Way> {
  const clock = { ms: Date.UTC(2026, 0, 1) };
  const sets = { allow: new AddressSet(), ignore: new AddressSet(), "gate ignores": new AddressSet() };
  const zone = new Set<string>();
  const asked: string[] = [];
  const none = (): Promise<never> => Promise.reject(Object.assign(new Error("none"), { code: "ENOTFOUND" }));
  const resolver = {
    resolve4: (name: string): Promise<string[]> => {
      // Zones are tested now and then, too.
      if (CLIENTS.some((one) => name.startsWith(reverse(one)))) asked.push(name);
      return name.startsWith("2.0.0.127.") || [...zone].some((one) => name.startsWith(reverse(one)))
        ? Promise.resolve(["127.0.0.2"])
        : none();
    },
    resolve6: none,
    resolveTxt: none,
    reverse: none,
  };
  const { rules, actions } = setUp;
  const secrets = ["a secret of sixteen", "an older secret of sixteen"];
  const started = await site(
    (shared) =>
      bunker({
        ...shared,
        mode: setUp.mode,
        allow: sets.allow,
        services: { "shop.test": { aliases: ["shop.example"] }, "blog.test": {} },
        sessions: {
          secret: secrets.slice(0, setUp.secrets),
          checkIp: setUp.checkIp,
          checkUserAgent: setUp.checkUserAgent,
        },
        resolver,
        dnsbl: {
          list: "list.test",
          action: actions,
          wait: setUp.wait,
          cacheTtl: { clean: setUp.clean, listed: 300 },
          banTime: 30,
          ignoreIp: sets.ignore,
        },
        bunkernet: { server: api.url, action: actions, report: false },
        badBehavior: { threshold: 4, banTime: 60 },
        ...(rules === "skip"
          ? { skip: (req: IncomingMessage) => req.headers["user-agent"] === "browser/2" }
          : {}),
        antibot: {
          challenge:
            rules === "hook"
              ? (_client, req: IncomingMessage) => (req.url?.startsWith("/a") === true ? "no" : "cookie")
              : setUp.steps === 1
                ? "cookie"
                : ["cookie", "javascript"],
          renew: setUp.renew,
          timeValid: setUp.timeValid,
          preflight: setUp.preflight,
          ignoreIp: sets["gate ignores"],
          ...(rules === "include" ? { include: "^/a" } : {}),
          ...(rules === "ignoreUri" ? { ignoreUri: "^/a" } : {}),
        },
      } satisfies BunkerOptions),
    {
      clock: { now: () => clock.ms } as never,
      behind: app,
      record: ["denied", "challenged", "solved", "failed", "banned", "unbanned", "fault"],
    },
  );
  await started.guard.ready();
  await started.guard.bunkernet?.sync();
  return {
    site: started,
    jars: CLIENTS.map(() => new Jar()),
    trace: [],
    sets,
    zone,
    escalated: new Map(),
    clock,
    asked,
  };
}

// As a zone is asked about one of the addresses above.
function reverse(address: string): string {
  const parts = address.includes(":")
    ? Array.from(`2a001450${"0".repeat(23)}${address.at(-1) ?? ""}`)
    : address.split(".");
  return `${parts.reverse().join(".")}.`;
}

function headersOf({
  who = 0,
  host = HOSTS[0],
  agent = AGENTS[0],
  https = false,
}: Partial<Visit>): Record<string, string> {
  return {
    Host: host,
    "User-Agent": agent,
    "X-Forwarded-For": CLIENTS[who] as string,
    ...(https ? { "X-Forwarded-Proto": "https" } : {}),
  };
}

function cookieOf(
  jars: readonly Jar[],
  who: number,
  cookies: (typeof COOKIES)[number],
): Record<string, string> {
  const own = (jars[who] as Jar).header["Cookie"] ?? "";
  const name = (jars[who] as Jar).names.find((one) => one.includes("_p")) ?? "bunker_p";
  const text = {
    own,
    "own and app": `app=1; ${own}`,
    reversed: own.split("; ").reverse().join("; "),
    twice: `${own}; ${own}`,
    "garbage first": `${name}=garbage; ${own}`,
    "another's": (jars[(who + 1) % jars.length] as Jar).header["Cookie"] ?? "",
    none: "",
  }[cookies];
  return text === "" ? {} : { Cookie: text };
}

// What differs by chance is left out: ids, tokens, and signatures in cookies.
function seen({ status, headers, text }: Got): unknown {
  return {
    status,
    location: headers.location?.split("?")[0],
    cookies: headers["set-cookie"]?.map((line) => line.replace(/=[^;]*/, "")),
    type: headers["content-type"],
    body: headers["content-type"] === undefined ? text : undefined,
  };
}

async function take(way: Way, step: Step): Promise<unknown> {
  const { guard, store, url } = way.site;
  current = way;
  if (step.do === "ask") {
    const { who = 0, path, method, cookies, navigation, repeat } = step;
    const preflight: Record<string, string> =
      method === "OPTIONS" ? { Origin: "http://a.test", "Access-Control-Request-Method": "GET" } : {};
    const got: unknown[] = [];
    for (let time = 0; time < repeat; time++) {
      const headers = {
        ...headersOf(step),
        ...(navigation ? NAVIGATION : {}),
        ...preflight,
        ...cookieOf(way.jars, who, cookies),
      };
      got.push(seen(await ask(url, path, { method, headers })));
    }
    return got;
  }
  if (step.do === "earn") {
    const jar = way.jars[step.who ?? 0] as Jar;
    return (await browse(url, "/", { headers: headersOf(step), jar })).map(seen);
  }
  const range = (text: string): AddressRange => parseRange(text) as AddressRange;
  switch (step.do) {
    case "ban": {
      const { service, ttl, action } = step;
      const scope = service === undefined ? "global" : "service";
      await guard.bans.add(step.ip, {
        ttl,
        action,
        scope,
        force: true,
        reason: "by hand",
        ...(service === undefined ? {} : { service }),
      });
      return undefined;
    }
    case "unban":
      // As another instance does it, too.
      return new BanList(store).remove(step.ip);
    case "clock":
      way.clock.ms += step.by * 1000;
      return undefined;
    case "list":
      api.list = [...step.ips, "9.9.9.9"];
      await guard.bunkernet?.sync();
      return guard.bunkernet?.status().list.entries;
    case "zone":
      way.zone.clear();
      for (const one of step.ips) way.zone.add(one);
      return undefined;
    case "mode":
      return guard.mode(step.mode, step.mode === "configured" ? {} : { for: step.time });
    case "escalate":
      way.escalated.set(step.ip.includes(":") ? "2a00:1450::/64" : step.ip, step.step);
      return undefined;
    default:
      return step.on ? way.sets[step.do].add(range(step.ip)) : way.sets[step.do].delete(range(step.ip));
  }
}

const BASE: SetUp = {
  mode: "block",
  renew: false,
  timeValid: 86_400,
  checkIp: "prefix",
  checkUserAgent: true,
  actions: "deny",
  wait: true,
  clean: 86_400,
  steps: 1,
  preflight: "pass",
  rules: "none",
  secrets: 1,
};
const A = CLIENTS[0];
const asks = (more: object): Step => ({ ...EVERYBODY_COMES[0], ...more }) as Step;
const clock = (by: number): Step => ({ do: "clock", by });
const mode = (to: "block" | "detect" | "configured", time: number): Step => ({ do: "mode", mode: to, time });
const ban: Step = { do: "ban", ip: A, ttl: 30, service: undefined, action: "deny" };

/** What chance would seldom find. */
const CASES: readonly (readonly [Partial<SetUp>, readonly Step[]])[] = [
  // The ban is over, and its mark voids the pass.
  [{}, [ban, clock(31)]],
  // A pass that a banned client has shown is void for everybody.
  [
    { checkIp: false },
    [asks({ who: 4, cookies: "another's" }), asks({}), ban, asks({ who: 4, cookies: "another's" })],
  ],
  [{}, [asks({ agent: AGENTS[1] })]],
  // Every path, method and spelling of the cookies by a visitor who is known.
  [{}, PATHS.flatMap((path) => (path === "/ban-me" ? [] : [asks({}), asks({ path, repeat: 1 })]))],
  [{}, METHODS.map((method) => asks({ method }))],
  [{}, COOKIES.flatMap((cookies) => [asks({}), asks({ cookies, repeat: 1 })])],
  // An unban has the address looked up again.
  [{}, [ban, { do: "unban", ip: A }]],
  [{ steps: 2 }, [{ do: "escalate", ip: A, step: 1 }]],
  [{ rules: "hook" }, [asks({ path: "/a?b=c" })]],
  [{ rules: "include" }, [asks({ path: "/a" }), asks({}), asks({ path: "/a" })]],
  [{ rules: "skip" }, [asks({ agent: AGENTS[1] })]],
  // Listed, and let in because of its pass.
  [{ actions: "challenge" }, [{ do: "list", ips: [A] }, asks({ path: "/robots.txt" })]],
  // An ignored address is remembered as such, for as long as a clean one.
  [
    { clean: 30 },
    [
      clock(29),
      { do: "ignore", ip: A, on: true },
      { do: "ignore", ip: A, on: false },
      { do: "zone", ips: [A] },
      clock(1),
      clock(1),
    ],
  ],
  [{ clean: 30 }, [{ do: "zone", ips: [A] }, clock(29), clock(1), clock(31)]],
  [{ clean: 30 }, [clock(31), { do: "zone", ips: [A] }, clock(31), clock(-61)]],
  [{ renew: true }, [clock(43_201), clock(1)]],
  [{ timeValid: 60 }, [clock(31), clock(29), clock(1)]],
  [{}, [clock(-61), clock(61)]],
  // A mode that ends by itself, or is undone, with a ban that was not enforced meanwhile.
  [{}, [mode("detect", 30), ban, clock(29), clock(1), mode("block", 0), mode("configured", 0)]],
  [{ mode: "detect" }, [ban, mode("block", 30), clock(31), mode("block", 0), clock(-31)]],
];

// What a change leads to shows when everybody comes again.
function followed(step: Step): readonly Step[] {
  return step.do === "ask" || step.do === "earn" ? [step] : [step, ...EVERYBODY_COMES];
}

test(
  "the short way of known visitors does whatever the long way does, under every kind of change",
  async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(setUps, steps as fc.Arbitrary<Step[]>, async (setUp, sequence) => {
        api.list = ["9.9.9.9"];
        const before = short;
        const [known, judged] = [await start(setUp), await start(setUp)];
        longWay.add(StoreScope.of(judged.site.store).get(Generation));
        const all = [...EVERYBODY_EARNS, ...EVERYBODY_COMES, ...sequence.flatMap(followed)];
        for (const [index, step] of all.entries()) {
          const got = await take(known, step);
          const expected = await take(judged, step);
          // What goes on in the background.
          for (let turn = 0; turn < 5; turn++) await setImmediate();
          const where = `step ${index}: ${JSON.stringify(step)}`;
          expect([where, got]).toEqual([where, expected]);
          for (const part of ["trace", "asked"] as const)
            expect([where, known[part]]).toEqual([where, judged[part]]);
          const [events, others] = [known, judged].map(({ site: { events } }) =>
            events.map((event) => ({ ...event, id: undefined, data: undefined })),
          );
          expect([where, events]).toEqual([where, others]);
          for (const { trace, asked, site: heard } of [known, judged])
            for (const list of [trace, asked, heard.events]) list.length = 0;
        }
        taken += short - before;
        await stopSites();
      }),
      { numRuns: RUNS, examples: CASES.map(([more, own]) => [{ ...BASE, ...more }, [...own]]) },
    );
    // Otherwise nothing was compared.
    expect(taken).toBeGreaterThan(RUNS);
  },
  WATCHDOG_MS,
);
