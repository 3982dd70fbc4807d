import { MemoryStore } from "../../src/index.js";
import { answer, startContract, type ContractServer, type Fault } from "./contract-server.js";
import { LISTED, startSite, VISITOR, type Site } from "./site.js";
import { until } from "../support/until.js";

let api: ContractServer;

beforeEach(async () => {
  api = await startContract();
  api.list = [LISTED];
});
afterEach(async () => {
  await api.close();
  expect(api.violations).toEqual([]);
});

const html: Fault = (_call, _req, res) => {
  res.writeHead(200, { "Content-Type": "text/html" });
  res.end("<html><body>Please log in to the WiFi</body></html>");
  return true;
};
const status =
  (code: number, headers = {}): Fault =>
  (_call, _req, res) => {
    answer(res, code, { result: "ko", data: "no" }, headers);
    return true;
  };
const hang: Fault = (_call, _req, res) => {
  res.writeHead(200, { "Content-Type": "application/json", "Content-Length": 1000 });
  res.write('{"result":"ok","data":["1.1.1.1",');
  return true;
};
const truncated: Fault = (_call, _req, res) => {
  res.writeHead(200, { "Content-Type": "application/json" });
  res.end('{"result":"ok","data":["1.1.1.1"');
  return true;
};
const cut: Fault = (_call, req, res) => {
  res.writeHead(200, { "Content-Type": "application/json", "Content-Length": 1000 });
  res.write('{"result":"ok","data":["1.1.1.1"', () => req.socket.destroy());
  return true;
};
const elsewhere: Fault = (_call, _req, res) => {
  res.writeHead(302, { Location: "http://127.0.0.1:1/db" });
  res.end();
  return true;
};
const ko: Fault = (_call, _req, res) => {
  answer(res, 200, { result: "ko", data: ["1.1.1.1"] });
  return true;
};

const FAULTS: [string, Fault][] = [
  ["HTML", html],
  ["429", status(429, { "Retry-After": "10" })],
  ["500", status(500)],
  ["401", status(401)],
  ["403", status(403)],
  ["a hang in the middle", hang],
  ["truncated JSON", truncated],
  ["a connection cut", cut],
  ["a redirect", elsewhere],
  ["result ko", ko],
  [
    "a list of rubbish",
    (call, _req, res) => {
      if (call.path === "/db") answer(res, 200, { result: "ok", data: ["0.0.0.0/0", "10.0.0.1", 7] });
      else answer(res, 200, ["0.0.0.0/0"]);
      return true;
    },
  ],
];

// Once the site is registered and has a list, with a report waiting.
async function settled(): Promise<Site> {
  const site = await startSite(api.url, { timeout: 300 });
  while (!site.guard.has(LISTED)) await site.guard.sync();
  await site.refuse(VISITOR);
  return site;
}

test.each(FAULTS)("%s: the old list stays, no report is lost, the site goes on", async (_name, fault) => {
  const site = await settled();
  const problem = site.guard.status().list.problem;
  expect(problem).toBeUndefined();
  api.fault = fault;
  await site.guard.sync();
  await site.guard.flush();
  expect(site.guard.status()).toMatchObject({
    list: { state: "in force", entries: 1, problem: expect.any(String) },
    reports: { queued: 1, delivered: 0 },
  });
  expect(site.guard.health().ok).toBe(false);
  expect(await site.status(LISTED)).toBe(403);
  expect(await site.status("1.1.1.1")).toBe(200);
  expect(api.reports).toEqual([]);
  // What the server asked for has passed.
  api.fault = undefined;
  site.clock.advance(86_400 * 2);
  api.list = ["1.1.1.1"];
  // A busy machine may answer late, and 300 ms is little: once is enough.
  while (api.reports.length === 0 || !site.guard.has("1.1.1.1")) {
    await site.guard.sync();
    await site.guard.flush();
  }
  expect(await site.status("1.1.1.1")).toBe(403);
  expect(await site.status(LISTED)).toBe(200);
  expect(new Set(api.reports.map(({ ip }) => ip))).toEqual(new Set([VISITOR]));
});

test("the API down at the start: requests pass, and status() says why", async () => {
  const { url } = api;
  await api.close();
  const site = await startSite(url);
  expect(await site.status(LISTED)).toBe(200);
  await site.guard.sync();
  expect(site.guard.status()).toMatchObject({ registered: false, list: { state: "none" } });
  expect(site.guard.status().list.problem).toMatch(/ECONNREFUSED/);
  await site.refuse(VISITOR);
  await site.guard.flush();
  expect(site.guard.status().reports.queued).toBe(1);
  await expect(site.guard.register()).rejects.toThrow(/ECONNREFUSED/);
  api = await startContract();
});

test("a storm of 429: what Retry-After says holds for explicit flushes, too", async () => {
  const site = await startSite(api.url);
  await site.guard.sync();
  await site.refuse(VISITOR);
  api.fault = status(429, { "Retry-After": "100" });
  await site.guard.flush();
  for (let i = 0; i < 5; i++) await site.guard.flush();
  expect(api.count("/report")).toBe(1);
  api.fault = undefined;
  site.clock.advance(101);
  await site.guard.flush();
  expect(api.reports).toHaveLength(1);
});

test("a known id that is refused for hours is given up for a new one, and that is said", async () => {
  const site = await startSite(api.url);
  await site.guard.sync();
  const [old] = api.ids;
  api.ids.clear();
  api.ids.add("somebody else");
  for (let hour = 0; hour < 6; hour++) {
    await site.guard.sync();
    expect(api.count("/register")).toBe(1);
    site.clock.advance(3600);
  }
  await site.guard.sync();
  await site.guard.sync();
  expect(api.count("/register")).toBe(2);
  expect(api.calls.at(-1)?.body["id"]).not.toBe(old);
  expect(site.lines.join("\n")).toMatch(/registered again/);
  expect(site.guard.has(LISTED)).toBe(true);
});

test("R29 two instances that start at once register once, and share the id", async () => {
  let waiting: (() => void) | undefined;
  api.fault = (call, _req, res) => {
    if (call.path !== "/register" || waiting !== undefined) return false;
    waiting = () => {
      api.ids.add("the-id");
      answer(res, 200, { result: "ok", data: "the-id" });
    };
    return true;
  };
  const store = new MemoryStore();
  const [one, two] = [await startSite(api.url, { store }), await startSite(api.url, { store })];
  const both = [one.guard.sync(), two.guard.sync()];
  await until(() => waiting !== undefined);
  await both[1];
  expect(two.guard.status().registered).toBe(false);
  waiting?.();
  await both[0];
  await two.guard.sync();
  expect(api.count("/register")).toBe(1);
  expect([one, two].map(({ guard }) => guard.has(LISTED))).toEqual([true, true]);
});

test("a poisoned report is left alone, and all others are delivered", async () => {
  const site = await startSite(api.url);
  for (let i = 0; i < 40; i++) await site.refuse(`5.5.${i}.1`);
  const poison = "5.5.17.1";
  api.fault = (call, _req, res) => {
    const reports = call.body["reports"] as { ip: string }[] | undefined;
    if (reports?.some(({ ip }) => ip === poison) !== true) return false;
    answer(res, 400, { result: "ko", data: "bad report" });
    return true;
  };
  await site.guard.flush();
  expect(api.reports).toHaveLength(39);
  expect(site.guard.status().reports).toMatchObject({ queued: 1, postponed: 1, rejected: 0 });
  // Not tried for ever: dropped after some days on which others were taken.
  for (let day = 0; day < 3; day++) {
    site.clock.advance(86_401);
    await site.refuse(`6.6.${day}.1`);
    await site.guard.flush();
  }
  expect(site.guard.status().reports).toMatchObject({ queued: 0, rejected: 1 });
  expect(api.reports).toHaveLength(42);
});

test("the queue is bounded, and what finds no room is counted", async () => {
  const site = await startSite(api.url, { maxReports: 5 });
  api.fault = status(500);
  for (let i = 0; i < 8; i++) await site.refuse(`5.5.${i}.1`);
  expect(site.guard.status().reports).toMatchObject({ queued: 5, dropped: 3 });
});

test("clocks that jump do not stop it for ever", async () => {
  const site = await startSite(api.url);
  await site.guard.sync();
  await site.refuse(VISITOR);
  api.fault = status(500);
  site.clock.advance(86_400 * 20);
  await site.guard.sync();
  await site.guard.flush();
  api.fault = undefined;
  site.clock.advance(-86_400 * 20);
  api.list = ["1.1.1.1"];
  await site.guard.sync();
  await site.guard.flush();
  expect(site.guard.has("1.1.1.1")).toBe(true);
  expect(api.reports).toHaveLength(1);
});

test("a list of many megabytes: not more than maxEntries of it, the rest counted", async () => {
  api.fault = (call, _req, res) => {
    if (call.path !== "/db") return false;
    res.writeHead(200, { "Content-Type": "application/json" });
    res.write('{"result":"ok","data":["9.9.9.9"');
    let block = 0;
    const more = (): void => {
      while (block < 256) {
        const at = block++;
        const lines = Array.from({ length: 1024 }, (_, i) => `,"20.${at}.${i >> 8}.${i & 255}"`).join("");
        if (!res.write(lines)) {
          res.once("drain", more);
          return;
        }
      }
      res.end("]}");
    };
    more();
    return true;
  };
  const site = await startSite(api.url, { maxEntries: 100_000 });
  await site.guard.sync();
  expect(site.guard.status().list).toMatchObject({ entries: 100_000, refused: 256 * 1024 + 1 - 100_000 });
  expect(await site.status("20.0.0.1")).toBe(403);
});

test("more than 64 MB is no list", async () => {
  const site = await startSite(api.url);
  await site.guard.sync();
  api.fault = (call, _req, res) => {
    if (call.path !== "/db") return false;
    res.writeHead(200, { "Content-Type": "application/json", "Content-Length": 64 * 1024 * 1024 + 1 });
    res.write('{"result":"ok","data":["1.1.1.1"');
    return true;
  };
  await site.guard.sync();
  expect(site.guard.status().list).toMatchObject({ entries: 1, problem: expect.stringMatching(/larger/) });
});

test("a list that grows too suddenly is refused, and taken when the operator says so", async () => {
  const many = (count: number): string[] =>
    Array.from({ length: count }, (_, i) => `20.1.${i >> 8}.${i & 255}`);
  const store = new MemoryStore();
  const site = await startSite(api.url, { store });
  api.list = many(1000);
  await site.guard.sync();
  api.list = many(10_001);
  await site.guard.sync();
  expect(site.guard.status().list).toMatchObject({ entries: 1000, problem: expect.stringMatching(/grown/) });
  const other = await startSite(api.url, { store, maxGrowth: 0 });
  await other.guard.sync();
  expect(other.guard.status().list.entries).toBe(10_001);
});

test("R29 a new list that has many of the active clients is suspended and announced", async () => {
  const site = await startSite(api.url);
  await site.guard.sync();
  const clients = Array.from({ length: 12 }, (_, i) => `30.0.${i}.1`);
  for (const ip of clients) await site.status(ip);
  api.list = [LISTED, ...clients];
  await site.guard.sync();
  expect(site.guard.status().list).toMatchObject({ state: "suspended", entries: 1, suspended: 13 });
  expect(site.lines.join("\n")).toMatch(/WRN_BUNKER_MASS_BAN.*12 of 12 active/);
  for (const ip of clients) expect(await site.status(ip)).toBe(200);
  expect(await site.status(LISTED)).toBe(403);
  expect(site.guard.health().ok).toBe(false);
  // A list without them is taken again.
  api.list = ["1.1.1.1"];
  await site.guard.sync();
  expect(site.guard.status().list).toMatchObject({ state: "in force", entries: 1 });
});

test("R29 a first list that refuses most of those who come is suspended, too", async () => {
  const clients = Array.from({ length: 32 }, (_, i) => `30.0.${i}.1`);
  api.list = clients;
  const site = await startSite(api.url);
  await site.guard.sync();
  for (const ip of clients) await site.status(ip);
  expect(site.guard.status().list).toMatchObject({ state: "suspended", entries: 0 });
  expect(await site.status(clients[0]!)).toBe(200);
});

describe("R29 bots that the last list had", () => {
  const bots = Array.from({ length: 40 }, (_, i) => `30.0.${i}.1`);
  const stranger = "40.0.0.1";

  test("R29 hold up no new list by coming again and again", async () => {
    api.list = bots;
    const site = await startSite(api.url);
    await site.guard.sync();
    api.list = [...bots, stranger];
    // Quiet until the list has come, and then all at once: nor does that end the list in force.
    await site.guard.sync();
    expect(await site.status(stranger)).toBe(403);
    for (const ip of bots) expect(await site.status(ip)).toBe(403);
    expect(site.guard.status().list).toMatchObject({ state: "in force", entries: 41 });
    api.list = [...bots, stranger, VISITOR];
    await site.guard.sync();
    expect(site.guard.status().list).toMatchObject({ state: "in force", entries: 42 });
    for (const ip of [...bots, VISITOR]) expect(await site.status(ip)).toBe(403);
  });

  test("R29 hide no list that is wrong about everybody else", async () => {
    api.list = bots;
    const site = await startSite(api.url);
    await site.guard.sync();
    const people = Array.from({ length: 12 }, (_, i) => `50.0.${i}.1`);
    for (const ip of [...bots.slice(0, 31), ...people]) await site.status(ip);
    api.list = [...bots, ...people];
    await site.guard.sync();
    expect(site.lines.join("\n")).toMatch(/WRN_BUNKER_MASS_BAN.*12 of 12 active/);
    expect(site.guard.status().list).toMatchObject({ state: "suspended", entries: 40 });
  });

  test("R29 are refused still when the new list turns out to be wrong", async () => {
    api.list = bots;
    const site = await startSite(api.url);
    await site.guard.sync();
    const people = Array.from({ length: 32 }, (_, i) => `50.0.${i}.1`);
    api.list = [...bots, ...people];
    await site.guard.sync();
    for (const ip of people) await site.status(ip);
    expect(site.guard.status().list).toMatchObject({ state: "suspended", entries: 40, suspended: 72 });
    expect(await site.status(people[0] as string)).toBe(200);
    expect(await site.status(bots[0] as string)).toBe(403);
  });
});

test("never listed: who is allowed, a trusted proxy, private addresses", async () => {
  api.list = [LISTED, "7.7.7.7", "10.1.1.1", "127.0.0.1", "not an address"];
  const site = await startSite(api.url, { allow: LISTED, trustProxy: ["loopback", "7.7.7.7"] });
  await site.guard.sync();
  expect(site.guard.status().list).toMatchObject({ entries: 0, refused: 5 });
  expect(await site.status(LISTED)).toBe(200);
});
