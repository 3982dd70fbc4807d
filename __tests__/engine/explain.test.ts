import fc from "fast-check";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  MemoryStore,
  bunker,
  type Bunker,
  type BunkerOptions,
  type BunkerEventType,
  type Explanation,
  type ImaginedRequest,
  type Store,
} from "../../src/index.js";
import { ask } from "../support/ask.js";

const VISITOR = "8.8.8.8";
const LISTED = "9.9.9.9";
const TYPES: BunkerEventType[] = ["denied", "challenged", "solved", "failed", "banned", "reported", "fault"];
let guard: Bunker | undefined;
let told: string[] = [];

const missing = (): Promise<never> => Promise.reject(Object.assign(new Error(), { code: "ENOTFOUND" }));
const resolver = {
  resolve4: (name: string) =>
    /^(?:9\.9\.9\.9|2\.0\.0\.127)\./.test(name) ? Promise.resolve(["127.0.0.2"]) : missing(),
  resolve6: missing,
  resolveTxt: () => Promise.resolve([]),
  reverse: () => Promise.resolve([]),
};

// Its `explain` as a property, since tests take it off.
type App = Omit<Bunker, "explain"> & {
  readonly explain: (...args: Parameters<Bunker["explain"]>) => ReturnType<Bunker["explain"]>;
};

function app(options: BunkerOptions = {}): App {
  told = [];
  const running = bunker({
    store: new MemoryStore(),
    logger: false,
    resolver,
    sessions: { secret: "a-secret-of-32-characters-or-more" },
    antibot: { challenge: "cookie" },
    dnsbl: { list: "zone.test" },
    badBehavior: { threshold: 2 },
    ...options,
  });
  for (const type of TYPES) running.events.on(type, () => void told.push(type));
  return (guard = running);
}

afterEach(async () => {
  await guard?.close();
  guard = undefined;
});

function short({ steps }: Explanation): string[] {
  return steps.map(
    ({ protection, verdict, reason, reached }) =>
      `${protection}: ${verdict}, ${reason}${reached ? "" : " (not reached)"}`,
  );
}

test("names every step in order, before any traffic", async () => {
  const explanation = await app().explain({ ip: VISITOR, url: "/page?x=1" });
  expect(short(explanation)).toEqual([
    "bans: pass, not banned",
    "bunkernet: pass, no list has come yet",
    "dnsbl: pass, not listed",
    "bad-behavior: pass, the answer may count",
    "antibot: challenge, no pass",
  ]);
  expect(explanation).toMatchObject({
    client: { ip: VISITOR, key: VISITOR, service: "default", isGlobal: true, isProxy: false },
    verdict: "challenge",
    by: "antibot",
    mode: "block",
  });
});

test("the first that is against it decides; the others still say what they think", async () => {
  const { explain: say, bans } = app();
  await bans.add(LISTED, { reason: "manual" });
  told = [];
  const explanation = await say({ ip: LISTED });
  expect(short(explanation)).toEqual([
    "bans: deny, manual",
    "bunkernet: pass, no list has come yet (not reached)",
    "dnsbl: deny, dnsbl (not reached)",
    "bad-behavior: pass, the answer may count (not reached)",
    "antibot: challenge, no pass (not reached)",
  ]);
  expect(explanation).toMatchObject({ verdict: "deny", by: "bans" });
});

test("`allow`, `skip` and unknown hosts are steps; R11 a throwing `skip` skips nothing", async () => {
  const allowing = app({ allow: VISITOR, skip: () => true, antibot: false });
  const both = await allowing.explain({ ip: VISITOR });
  expect(short(both).slice(0, 2)).toEqual([
    "allow: pass, on `allow`",
    "skip: pass, `skip` says so (not reached)",
  ]);
  expect(both).toMatchObject({ verdict: "pass", by: "allow" });
  expect(await allowing.explain({ ip: LISTED })).toMatchObject({ verdict: "pass", by: "skip" });
  await guard?.close();
  const throwing = app({
    skip: () => {
      throw new Error("broken");
    },
    services: ["site.test"],
  });
  const explanation = await throwing.explain({ ip: VISITOR, url: "https://other.test/" });
  expect(short(explanation).slice(0, 2)).toEqual(["skip: error, hook", "services: deny, unknown host"]);
  expect((await throwing.explain({ ip: VISITOR, url: "https://site.test/" })).client.service).toBe(
    "site.test",
  );
});

test("R27 leaves no trace: no event, no ban, no count, whatever is asked and how often", async () => {
  const { explain: say, bans, store } = app();
  const before = JSON.stringify(await keysOf(store));
  for (let i = 0; i < 5; i++) await say({ ip: LISTED });
  expect(told).toEqual([]);
  expect(await bans.get(LISTED)).toBeUndefined();
  expect(JSON.stringify(await keysOf(store))).toBe(before);
});

async function keysOf(store: Store): Promise<string[]> {
  const keys: string[] = [];
  for (const namespace of ["ban", "hit", "spent"] as const)
    for await (const key of store.keys(namespace)) keys.push(key);
  return keys;
}

test("explains real requests as they are judged, and leaves them untouched", async () => {
  const { explain: ofRequest } = app({ trustProxy: "loopback" });
  const said: Explanation[] = [];
  const server = createServer((req, res) => {
    void ofRequest(req).then((explanation) => {
      said.push(explanation);
      res.end(String(req.bunker === undefined));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const got = await ask(`http://127.0.0.1:${port}`, "/robots.txt", { from: VISITOR });
  await new Promise((resolve) => server.close(resolve));
  expect(got.text).toBe("true");
  expect(said[0]).toMatchObject({ client: { ip: VISITOR }, verdict: "pass", by: undefined });
  expect(short(said[0] as Explanation).at(-1)).toBe("antibot: pass, built-in");
});

test("R3 proxies and private addresses are named, and forwarding headers change nothing", async () => {
  const { explain: say } = app({ trustProxy: "loopback" });
  const explanation = await say({ ip: "127.0.0.1", headers: { "X-Forwarded-For": VISITOR } });
  expect(explanation.client).toMatchObject({ ip: "127.0.0.1", isGlobal: false, isProxy: true });
  expect(short(explanation)).toContain("bad-behavior: pass, the answer does not count: a trusted proxy");
});

test("what is no address is refused by name; nothing else that is odd throws", async () => {
  const { explain: say } = app();
  for (const ip of ["", "1.2.3", "010.0.0.1", "host.test", undefined, 7] as string[])
    await expect(say({ ip })).rejects.toThrow("ERR_BUNKER_BAN_ADDRESS");
  await expect(say(null as never)).rejects.toThrow("ERR_BUNKER_BAN_ADDRESS");
  await fc.assert(
    fc.asyncProperty(fc.anything(), fc.anything(), fc.anything(), async (url, method, headers) => {
      const explanation = await say({ ip: VISITOR, url, method, headers } as ImaginedRequest);
      expect(explanation.steps).toHaveLength(5);
    }),
    { numRuns: 200 },
  );
});
