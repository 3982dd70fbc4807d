// What browsers, scripts of single-page apps, proxies and Redis see of us: cookies, headers, parameters, form fields, problem
// documents, keys and messages. A change here breaks a page that is open, an app, or an instance of the version before.
import type { RequestListener } from "node:http";
import Redis from "ioredis";
import {
  antibot,
  bunker,
  MemoryStore,
  type AntibotOptions,
  type BunkerEvent,
  type BunkerOptions,
} from "../../src/index.js";
import { RedisStore } from "../../src/redis/index.js";
import { startRedis } from "../redis/servers.js";
import { until } from "../support/until.js";
import { ask, Jar, NAVIGATION, type Ask, type Got } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { EXPRESS, plainSite, serve, type Served } from "../support/hosts.js";
import { openChallenge, post, solve, workOf } from "../support/work.js";

const SECRET = "a secret of enough characters";
const VISITOR = { from: "8.8.8.8" };
const JSON_WANTED = { Accept: "application/json" };
const FORM = { "Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin" };

let clock: Clock;
let store: MemoryStore;
let served: Served | undefined;

beforeEach(() => {
  clock = new Clock();
  store = new MemoryStore({ now: clock.now });
});
afterEach(async () => {
  await served?.close();
  served = undefined;
});

async function start(
  options: Partial<AntibotOptions> = {},
  shared: BunkerOptions = {},
  wrap = (listener: RequestListener): RequestListener => listener,
): Promise<void> {
  const guard = bunker({
    store,
    logger: false,
    now: clock.now,
    sessions: { secret: SECRET },
    antibot: { challenge: "javascript", difficulty: 16, adaptive: false, ...options },
    bunkernet: false,
    dnsbl: false,
    ...shared,
  });
  served = await serve(wrap(EXPRESS.app([guard], plainSite)));
}

const visit = (path: string, options: Ask = {}): Promise<Got> =>
  ask(served!.url, path, { ...VISITOR, ...options });
const page = (path: string, headers: Ask["headers"] = {}): Promise<Got> =>
  visit(path, { headers: { ...NAVIGATION, ...headers } });

/** What is sealed, signed or random; which bytes it has is the business of tokens.test.ts. */
const masked = (text: string): string =>
  text.replaceAll(/'(nonce|sha256)-[^']+'/g, "'$1-…'").replaceAll(/\b(?=[\w-]*\d)[\w-]{40,}/g, "<sealed>");

/** What every response of ours says; only what is different is in the snapshots. */
const COMMON = {
  "cache-control": "no-store",
  "cdn-cache-control": "no-store",
  "referrer-policy": "same-origin",
  vary: "Accept, Accept-Language, Cookie",
  "x-content-type-options": "nosniff",
  "x-robots-tag": "noindex, nofollow",
};
const MISSING = Object.fromEntries(Object.keys(COMMON).map((name) => [name, "missing"]));

/** What a response consists of, without what Node or Express add. */
function shown({ status, headers, text }: Got): unknown {
  const theirs = /^(?:date|connection|keep-alive|content-length|x-powered-by)$/;
  const ours = Object.entries({ ...MISSING, ...headers }).filter(
    ([name, value]) => !theirs.test(name) && (COMMON as Record<string, unknown>)[name] !== value,
  );
  const config = /<script[^>]* id="bunker-config"[^>]*>([^<]*)/.exec(text)?.[1];
  const all = (pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, name = ""]) => name);
  return {
    status,
    headers: JSON.parse(masked(JSON.stringify(Object.fromEntries(ours)))) as unknown,
    ...(headers["content-type"]?.includes("json") === true ? { json: keysOf(JSON.parse(text)) } : {}),
    ...(config === undefined ? {} : { config: keysOf(JSON.parse(config)) }),
    ...(text.includes("<form")
      ? {
          action: all(/<form[^>]* action="([^"]*)"/g).map(masked),
          fields: all(/<(?:input|button)[^>]* (name="[^"]*"(?: value="[^"]*")?)/g).map(masked),
          ids: all(/ id="(bunker-[^"]*)"/g).join(" "),
        }
      : {}),
  };
}

/** The members of a JSON value, with the values that are fixed words. */
function keysOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(keysOf);
  if (typeof value !== "object" || value === null)
    return typeof value === "string" && /^(?:urn:|\/[\w/]*$)/.test(value) ? value : typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, keysOf(one)]));
}

test("cookies, on plain http, on https and for other sites' frames", async () => {
  const cookies: Record<string, unknown> = {};
  const https = { "X-Forwarded-Proto": "https" };
  const sites: [string, BunkerOptions["sessions"], Record<string, string>][] = [
    ["http", { secret: SECRET }, {}],
    ["https", { secret: SECRET }, https],
    ["https, any site", { secret: SECRET, sameSite: "none" }, https],
    ["https, a domain", { secret: SECRET, domain: "example.com", name: "other" }, https],
  ];
  for (const [name, sessions, headers] of sites) {
    const gate = antibot({
      challenge: "cookie",
      store,
      logger: false,
      now: clock.now,
      sessions,
    });
    served = await serve(EXPRESS.app([gate], plainSite));
    const first = await page("/", headers);
    const jar = new Jar();
    jar.take(first);
    const second = await page("/challenge", { ...headers, ...jar.header });
    cookies[name] = [first, second].map((got) => got.headers["set-cookie"]?.map(masked));
    await served.close();
  }
  expect(cookies).toMatchSnapshot();
});

test("the way through a challenge", async () => {
  await start();
  const jar = new Jar();
  const seen: Record<string, unknown> = {};
  const note = (name: string, got: Got): Got => {
    jar.take(got);
    seen[name] = shown(got);
    return got;
  };
  const first = note("a page", await page("/shop?item=7"));
  note("the challenge without cookies", await page(first.headers.location ?? ""));
  note("in a dialog, without cookies", await page("/challenge?frame=1"));
  const challenge = note("the challenge", await page(first.headers.location ?? "", jar.header));
  note("in a dialog", await page("/challenge?frame=1", jar.header));
  const { state, ...work } = workOf(challenge.text);
  note("a wrong answer", await post(served!.url, "/challenge", { state, challenge: "wrong" }, jar, VISITOR));
  note("no answer", await post(served!.url, "/challenge", {}, jar, VISITOR));
  clock.advance(3600);
  note("late", await post(served!.url, "/challenge", { state, challenge: solve(work) }, jar, VISITOR));
  const again = workOf((await openChallenge(served!.url, "/", jar, VISITOR)).text);
  const body = new URLSearchParams({ state: again.state, challenge: solve(again) }).toString();
  note("solved", await visit("/challenge", { method: "POST", body, headers: { ...FORM, ...jar.header } }));
  expect(seen).toMatchSnapshot();
});

test("what programs are told", async () => {
  await start({ uri: "/challenge" });
  const seen: Record<string, unknown> = {
    "a challenge": shown(await visit("/api", { headers: JSON_WANTED })),
    "another method": shown(await visit("/challenge", { method: "PUT" })),
    "another site's post": shown(
      await visit("/challenge", { method: "POST", headers: { ...FORM, "Sec-Fetch-Site": "cross-site" } }),
    ),
    "too much": shown(
      await visit("/challenge", { method: "POST", headers: FORM, body: `a=${"b".repeat(10_000)}` }),
    ),
    "no such file": shown(await visit("/challenge/nothing")),
    "the fetch helper": shown(await visit("/challenge/fetch.js")),
  };
  expect(seen).toMatchSnapshot();
});

test("a form that waits", async () => {
  await start();
  const headers = { ...NAVIGATION, ...FORM };
  expect(shown(await visit("/order", { method: "POST", body: "a=1", headers }))).toMatchSnapshot();
});

test("the captcha", async () => {
  await start({ challenge: "captcha" });
  const got = await openChallenge(served!.url, "/", new Jar(), VISITOR);
  const files = [...got.text.matchAll(/(?:src|href)="(\/challenge[^"]*)"/g)].map(([, path = ""]) => path);
  const image = await visit((files[0] ?? "").replaceAll("&amp;", "&"));
  expect({ page: shown(got), files: files.map(masked), image: shown(image) }).toMatchSnapshot();
});

test("refusals", async () => {
  const reasons: string[] = [];
  const events = {
    denied: ({ protection, reason }: BunkerEvent) => void reasons.push(`${protection}: ${reason}`),
  };
  await start({}, { services: ["shop.example.com"], unknownHost: "deny", events });
  const Host = "shop.example.com";
  const seen: Record<string, unknown> = {
    "an unknown host": shown(await visit("/", { headers: JSON_WANTED })),
  };
  await bunker({ store, logger: false, bunkernet: false }).bans.add(VISITOR.from, {});
  seen["a banned browser"] = shown(await page("/", { Host }));
  seen["a banned program"] = shown(await visit("/", { headers: { ...JSON_WANTED, Host } }));
  expect({ ...seen, reasons }).toMatchSnapshot();
});

test("where a session keeps its pass", async () => {
  const session = { id: "an id", cookie: {}, regenerate: (done: () => void) => done() };
  const sessions = { secret: SECRET, keep: "express-session" } as const;
  const jar = new Jar();
  await start({ challenge: "cookie" }, { sessions }, (listener) => (req, res) => {
    Object.assign(req, { session });
    listener(req, res);
  });
  const first = await page("/");
  jar.take(first);
  await page("/challenge", jar.header);
  const kept = JSON.parse(masked(JSON.stringify(session))) as unknown;
  expect(kept).toEqual({ id: "an id", cookie: {}, bunker: { default: "<sealed>" } });
});

test("keys and messages in Redis", async () => {
  const server = await startRedis();
  const redis = new Redis(server.url);
  const messages: string[] = [];
  redis.on("pmessage", (_, channel: string, text: string) => messages.push(`${channel}: ${text}`));
  await redis.psubscribe("bunker:changes:*");
  const shared = new RedisStore({ url: server.url, logger: false });
  try {
    await shared.set("ban:8.8.8.8|shop", "a ban", 60);
    await shared.set("ban:2001:db8::/64", "a ban", 0);
    await shared.add("state:secret|antibot", "a secret", 0);
    await shared.add("spent:8.8.8.8|an-id", "1", 60);
    await shared.increment("cache:8.8.8.8|any", 2, 60);
    await shared.hit("hit:8.8.8.8|bb|*", 60, 3, { weight: 2, note: "a note" });
    await shared.delete("ban:8.8.8.8|shop");
    await until(() => messages.length === 6);
    const keys = (await server.cli("keys", "*")).split("\n").sort();
    const hit = keys.find((key) => key.includes("|bb|")) ?? "";
    const steady = (text: string): string =>
      text
        .replaceAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}[^"]*/g, "<tag>")
        .replaceAll(/\d{16}:/g, "<µs>:");
    expect({
      keys,
      channels: (await server.cli("pubsub", "channels")).split("\n").map(steady).sort(),
      // Whether a message has a tag depends on how soon this store listens itself.
      messages: messages.map((text) => steady(text).replace(',"<tag>"', "")).sort(),
      hit: steady(await server.cli("lrange", hit, "0", "-1")),
      index: await server.cli("zrange", keys.find((key) => key.includes("index:state")) ?? "", "0", "-1"),
    }).toMatchSnapshot();
  } finally {
    shared.close();
    redis.disconnect();
    await server.stop();
  }
});
