import { antibot, BanList, bunker, dnsbl, MemoryStore, type BunkerEvent } from "../../src/index.js";
import { ask, NAVIGATION } from "../support/ask.js";
import { EXPRESS, plainSite, serve, type Served } from "../support/hosts.js";
import { startHostile, type HostileServer } from "./hostile-server.js";
import { list, LISTED, VISITOR } from "./site.js";

const SECRET = "a secret of 32 characters, or so";

let dns: HostileServer;
let served: Served | undefined;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  dns = await startHostile();
});
beforeEach(() => {
  dns.answer = list;
  dns.asked.length = 0;
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await served?.close();
});
afterAll(() => dns.close());

const shared = () => ({
  store: new MemoryStore(),
  logger: false as const,
  resolver: { servers: [dns.server] },
});

test("off in bunker() unless it is asked for", async () => {
  const guard = bunker(shared());
  closing.push(() => guard.close());
  served = await serve(EXPRESS.app([guard], plainSite));
  expect(guard.dnsbl).toBeUndefined();
  expect((await ask(served.url, "/", { from: LISTED })).status).toBe(200);
  expect(dns.asked).toEqual([]);
});

test("in bunker() it refuses and bans, and its own refusals are no bad behaviour", async () => {
  const guard = bunker({
    ...shared(),
    dnsbl: { list: "list.test", ban: false, timeout: 5000 },
    badBehavior: { threshold: 2 },
  });
  closing.push(() => guard.close());
  const events: BunkerEvent[] = [];
  guard.events.on("denied", (event) => events.push(event));
  served = await serve(EXPRESS.app([guard], plainSite));
  for (let i = 0; i < 4; i++) expect((await ask(served.url, "/", { from: LISTED })).status).toBe(403);
  expect((await ask(served.url, "/", { from: VISITOR })).status).toBe(200);
  expect(events.map(({ protection }) => protection)).toEqual(Array(4).fill("dnsbl"));
  expect(await guard.bans.get(LISTED)).toBeUndefined();
  expect(await guard.dnsbl?.check(LISTED)).toMatchObject({ verdict: "listed" });
  expect(guard.health().protections["dnsbl"]).toEqual({ ok: true, problems: [] });
});

test("dnsbl: true asks the default zones", () => {
  const guard = bunker({ ...shared(), dnsbl: true });
  closing.push(() => guard.close());
  expect(guard.dnsbl?.status().zones.map(({ zone }) => zone)).toEqual([
    "bl.blocklist.de",
    "sbl.spamhaus.org",
    "xbl.spamhaus.org",
  ]);
});

test.each(["bunker", "bunker with a separate gate", "one by one"])(
  'action: "challenge" sends who is listed to the gate (%s)',
  async (how) => {
    const options = shared();
    const gateOptions = { challenge: "cookie", sessions: { secret: SECRET }, ignoreUri: "^/open" } as const;
    const lists = { list: "list.test", action: "challenge", timeout: 5000 } as const;
    const gate = antibot({ ...options, ...gateOptions });
    const guards =
      how === "bunker"
        ? [bunker({ ...options, antibot: gateOptions, dnsbl: lists })]
        : how === "one by one"
          ? [dnsbl({ ...options, ...lists, gate }), gate]
          : [bunker({ ...options, dnsbl: { ...lists, gate } }), gate];
    for (const guard of [...guards, gate]) closing.push(() => guard.close());
    served = await serve(EXPRESS.app(guards, plainSite));
    const open = async (from: string): Promise<number> =>
      (await ask((served as Served).url, "/open", { from, headers: NAVIGATION })).status;
    // The gate lets everybody in there, but not who is listed.
    expect([await open(VISITOR), await open(LISTED), await open(LISTED)]).toEqual([200, 302, 302]);
    expect(await new BanList(options.store).get(LISTED)).toMatchObject({
      reason: "dnsbl",
      action: "challenge",
    });
  },
);

test("wrong options are named by their path", () => {
  expect(() => bunker({ ...shared(), dnsbl: { action: "challenge" } })).toThrow(/dnsbl\.action/);
  expect(() => bunker({ ...shared(), dnsbl: { quorum: 9 } })).toThrow(/dnsbl\.quorum/);
  expect(() => bunker({ ...shared(), dnsbl: { zones: [] } as never })).toThrow(/dnsbl\.zones/);
});
