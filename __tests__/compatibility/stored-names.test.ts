// What others read or hold: keys and values in the store, files in cacheDir, lines of the control socket, events. A change here
// loses what is stored, or breaks the instances, programs and log readers of an installation. Change it on purpose only.
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describeSettings } from "../../src/settings/index.js";
import { bunker, MemoryStore, SessionStore, type Bunker, type BunkerOptions } from "../../src/index.js";
import { startContract, type ContractServer, type Fault } from "../bunkernet/contract-server.js";
import { startNet, register, report, reportOf } from "../bunkernet-server/members.js";
import { ask, Jar } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { EXPRESS, plainSite, serve, type Served } from "../support/hosts.js";
import { openChallenge, post, solve, workOf } from "../support/work.js";

const VISITOR = "8.8.8.8";
const LISTED = "9.9.9.9";
const EVENTS = [
  "denied",
  "challenged",
  "solved",
  "failed",
  "banned",
  "unbanned",
  "reported",
  "fault",
] as const;

/** Reasons and protections of events, then types of problem documents. */
const RARE_WORDS = [
  ...["application", "connections", "engine", "operator", "responder", "services", "upgrade"],
  ...["challenge", "exception", "fault", "geo", "hook", "ignore list", "list", "manual", "no gate"],
  ...["provider", "registration", "session", "store error", "unknown host", "zone suspended"],
  ...["busy", "cross-site", "expired", "failed", "form", "invalid", "method", "not-found", "too-many"],
];
const SOURCES = readdirSync(join(__dirname, "../../src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => readFileSync(join(__dirname, "../../src", name), "utf8"))
  .join("");

/** A store that notes what is written. */
class NotedStore extends MemoryStore {
  readonly notes = new Set<string>();

  override set(key: string, value: string, ttl = 0): void {
    this.notes.add(`set ${key} for ${ttl}: ${value}`);
    super.set(key, value, ttl);
  }
  override add(key: string, value: string, ttl: number): boolean {
    this.notes.add(`add ${key} for ${ttl}: ${value}`);
    return super.add(key, value, ttl);
  }
  override increment(key: string, by: number, ttl: number): number {
    this.notes.add(`increment ${key} by ${by} for ${ttl}`);
    return super.increment(key, by, ttl);
  }
  override hit(...args: Parameters<MemoryStore["hit"]>): ReturnType<MemoryStore["hit"]> {
    const [key, window, limit, { weight, note } = {}] = args;
    this.notes.add(`hit ${key} within ${window}, limit ${limit}, weight ${weight}: ${note}`);
    return super.hit(...args);
  }
}

const nothing = (): Promise<never> => Promise.reject(Object.assign(new Error("none"), { code: "ENOTFOUND" }));
const resolver = {
  resolve4: (name: string) =>
    /^(?:2\.0\.0\.127|9\.9\.9\.9)\.list\.test$/.test(name) ? Promise.resolve(["127.0.0.2"]) : nothing(),
  resolve6: nothing,
  resolveTxt: nothing,
  reverse: nothing,
};

let clock: Clock;
let folder: string;
let net: ContractServer;
let stops: (() => unknown)[];

beforeEach(async () => {
  clock = new Clock();
  folder = mkdtempSync(join(tmpdir(), "names-"));
  net = await startContract();
  stops = [() => rmSync(folder, { recursive: true, force: true }), () => net.close()];
});
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
});

/** Replaces what is another each time: ports, folders, random ids and secrets. */
function steady(text: string): string {
  return text
    .replaceAll(/("code":"[^"]+","message":)"[^"]+"/g, '$1"<words>"')
    .replaceAll(folder, "<folder>")
    .replaceAll(createHash("sha1").update(listUrl()).digest("hex"), "<sha1 of the URL>")
    .replaceAll(/\b(127\.0\.0\.1[:_-])\d+/g, "$1<port>")
    .replaceAll(/bunkernet([|/])[0-9a-f]{12}/g, "bunkernet$1<server>")
    .replaceAll(/reports-\d+-\d+/g, "reports-<process>-<number>")
    .replaceAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "<uuid>")
    .replaceAll(/"(id|sha512|check|etag)":"[\w. -]+"/g, '"$1":"<$1>"')
    .replaceAll(/(report\|)0[0-9a-z]{8}-[0-9a-z]{6}-[0-9a-f]{12}/g, "$1<id>")
    .replaceAll(/(sending for 60: )[0-9a-f]{16}/g, "$1<random>")
    .replaceAll(/(secret[^:]*: )[\w-]{43,}/g, "$1<random>")
    .replaceAll(/(spent:[^|]+\|)[\w-]{16}/g, "$1<id>")
    .replaceAll(/(state:revoked\|)[\w-]{12}/g, "$1<id>");
}

const listUrl = (): string => pathToFileURL(join(folder, "ignored.txt")).href;

interface Site {
  readonly guard: Bunker;
  readonly store: NotedStore;
  readonly app: Served;
  readonly events: Set<string>;
}

async function start(options: BunkerOptions = {}): Promise<Site> {
  const store = new NotedStore({ now: clock.now });
  writeFileSync(join(folder, "ignored.txt"), "192.0.2.1\n");
  const guard = bunker({
    store,
    logger: false,
    now: clock.now,
    resolver,
    cacheDir: join(folder, "cache"),
    antibot: { challenge: ["javascript", "captcha"], difficulty: 16, adaptive: false },
    badBehavior: { threshold: 3, banFactor: 2 },
    dnsbl: { list: "list.test", ban: true, wait: true, ignoreIpUrls: listUrl() },
    bunkernet: { server: net.url },
    ...options,
  });
  const events: Site["events"] = new Set();
  for (const type of EVENTS)
    guard.events.on(type, ({ protection, reason, data }) =>
      events.add(`${type} by ${protection}: ${reason} ${JSON.stringify(shapeOf(data))}`),
    );
  const app = await serve(EXPRESS.app([guard], plainSite));
  stops.push(
    () => guard.close(),
    () => app.close(),
  );
  await guard.ready();
  return { guard, store, app, events };
}

/** What a value consists of, without its texts and numbers. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (value instanceof Date) return "date";
  if (typeof value !== "object" || value === null) return value === null ? null : typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shapeOf(one)]));
}

/** Somebody fails a challenge, solves the next and asks for what is not there; a listed address comes by. */
async function live({ guard, app }: Site): Promise<void> {
  await guard.dnsbl?.sync();
  await guard.bunkernet?.sync();
  const jar = new Jar();
  const from = { from: VISITOR };
  const first = workOf((await openChallenge(app.url, "/", jar, from)).text);
  const second = workOf((await openChallenge(app.url, "/", jar, from)).text);
  await post(app.url, "/challenge", { state: first.state, challenge: "wrong" }, jar, from);
  const fields = { state: second.state, challenge: solve(second) };
  jar.take(await post(app.url, "/challenge", fields, jar, from));
  for (let miss = 0; miss < 2; miss++) await ask(app.url, "/missing", { ...from, headers: jar.header });
  await ask(app.url, "/", from);
  await ask(app.url, "/", { from: LISTED });
  await guard.bunkernet?.flush();
}

const takesNoReports: Fault = ({ path }, _, res) => {
  if (path !== "/report") return false;
  res.writeHead(503).end();
  return true;
};

const notesOf = ({ notes }: NotedStore): string[] => [...new Set([...notes].map(steady))].sort();

test("keys and values in the store", async () => {
  const site = await start();
  await live(site);
  const ban = { ttl: 0, service: "shop.example.com", action: "challenge", data: { any: 1 } } as const;
  await site.guard.bans.add("203.0.113.0/24", ban);
  expect(notesOf(site.store)).toMatchSnapshot();
});

test("the captcha's keys", async () => {
  const { app, store } = await start({ antibot: { challenge: "captcha" } });
  const page = await openChallenge(app.url, "/", new Jar(), { from: VISITOR });
  const image = /src="(\/challenge\/image[^"]+)"/.exec(page.text)?.[1] ?? "";
  expect((await ask(app.url, image.replaceAll("&amp;", "&"), { from: VISITOR })).status).toBe(200);
  expect(notesOf(store).filter((note) => note.includes("captcha"))).toMatchSnapshot();
});

test("the keys of detect mode", async () => {
  const { app, store } = await start({ antibot: false, mode: "detect" });
  for (let miss = 0; miss < 3; miss++) await ask(app.url, "/missing", { from: VISITOR });
  expect(notesOf(store).filter((note) => note.includes("detect"))).toMatchSnapshot();
});

test("the key of the mode that is set at run time", async () => {
  const { guard, store } = await start();
  await guard.mode("detect", { for: 3600 });
  await guard.mode("block");
  await guard.mode("configured");
  expect(notesOf(store).filter((note) => note.includes("state:mode"))).toMatchSnapshot();
});

test("the keys of sessions", async () => {
  const store = new NotedStore({ now: clock.now });
  const sessions = new SessionStore(store);
  await new Promise((resolve) => sessions.set("an-id", { cookie: { originalMaxAge: 60_000 } }, resolve));
  expect(notesOf(store)).toMatchSnapshot();
});

test("the keys of a BunkerNet server", async () => {
  const store = new NotedStore({ now: clock.now });
  const own = await startNet({ store, minIdAge: 0 }, clock);
  stops.push(() => own.close());
  const id = await register(own, "50.0.0.9");
  await report(own, "50.0.0.9", id, [reportOf(LISTED)]);
  expect(notesOf(store)).toMatchSnapshot();
});

test("files in cacheDir", async () => {
  net.list = [LISTED];
  net.fault = takesNoReports;
  const site = await start();
  await live(site);
  await site.guard.close();
  const cache = join(folder, "cache");
  const files = readdirSync(cache, { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.[a-z]+$/.test(name),
  );
  const texts = files.map((name) => `${name}: ${readFileSync(join(cache, name), "utf8")}`);
  expect(texts.map(steady).sort()).toMatchSnapshot();
});

test("what the control socket takes and sends", async () => {
  const { guard } = await start();
  await guard.bunkernet?.sync();
  const { path } = await guard.control({ path: join(folder, "app.sock") });
  const say = (line: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let heard = "";
      const socket = connect(path, () => socket.write(`${line}\n`));
      socket.on("data", (chunk) => (heard += chunk.toString()));
      socket.on("error", reject);
      socket.on("close", () => resolve(heard));
    });
  const lines = [
    { command: "ban", ip: VISITOR, ttl: 60, reason: "by hand", service: "shop", force: true },
    { command: "bans", limit: 5 },
    { command: "check", ip: VISITOR, url: "http://shop/", headers: { accept: "*/*" } },
    { command: "unban", ip: VISITOR, service: "shop" },
    { command: "mode" },
    { command: "mode", mode: "block" },
    { command: "mode", mode: "configured" },
    { command: "health" },
    { command: "bunkernet", action: "status" },
    { command: "bunkernet", action: "ping" },
    { command: "ban", ip: "0.0.0.0/1" },
    { command: "no such thing" },
  ].map((request) => JSON.stringify(request));
  const heard: [string, unknown][] = [];
  for (const line of lines) heard.push([line, JSON.parse(steady(await say(line)))]);
  expect(heard).toMatchSnapshot();
});

test("events and their reasons", async () => {
  const site = await start();
  const liveOn = async (): Promise<void> => {
    clock.advance(7200);
    await site.guard.bans.remove(VISITOR);
    await live(site);
  };
  await live(site);
  net.fault = takesNoReports;
  await liveOn();
  net.fault = undefined;
  site.store.add = () => {
    throw new Error("the store is away");
  };
  await liveOn();
  const events = [...site.events].sort();
  expect(events).toMatchSnapshot();
  expect(new Set(events.map((event) => event.split(" ")[0]))).toEqual(new Set(EVENTS));
});

test("the words of events and problem documents that come up too seldom to be seen above", () => {
  // Wherever the sources hold them.
  expect(RARE_WORDS.filter((word) => !SOURCES.includes(JSON.stringify(word)))).toEqual([]);
});

test("settings and the options that they set", () => {
  const lines = describeSettings().map(({ name, option, context }) => `${name}: ${option}, ${context}`);
  expect(lines).toMatchSnapshot();
});
