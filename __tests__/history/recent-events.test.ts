import type { EventPage, EventQuery, HistoryEvent } from "../../src/history/index.js";
import { Clock } from "../support/clock.js";
import { event, record, refuse, type Recording } from "./recording.js";
import { TallyClient, TallyServer } from "./tally-store.js";

async function allOf({ history }: Recording, query: EventQuery = {}): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  let page: EventPage | undefined;
  do {
    page = await history.events({ ...query, ...(page?.next === undefined ? {} : { after: page.next }) });
    events.push(...page.events);
  } while (page.next !== undefined);
  return events;
}

/** An address of a numbered client. */
const address = (number: number): string => `9.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;

test("an event is found by its reference id, by its address and by a range", async () => {
  const one = record();
  refuse(one, "8.8.4.4", { id: "AAAA-1", path: "/a", reason: "bad behavior" });
  one.clock.advance(1);
  refuse(one, "2a01:db8:1:2::3", { id: "AAAA-2" });
  one.clock.advance(1);
  one.events.emit(
    event({
      type: "banned",
      ip: "8.8.4.0/24",
      id: "AAAA-3",
      protection: "bad-behavior",
      reason: "bad behavior",
      data: {
        expires: new Date(5000),
        passHolder: true,
        statuses: { 404: 9, 403: 1 },
        evidence: [{ path: "/x" }],
      },
    }),
  );
  const found = await one.history.events({ id: "AAAA-1" });
  expect(found.events).toEqual([
    {
      key: expect.any(String),
      type: "denied",
      time: Date.UTC(2026, 0, 1),
      id: "AAAA-1",
      ip: "8.8.4.4",
      service: "default",
      protection: "bans",
      reason: "bad behavior",
      mode: "block",
      method: "GET",
      path: "/a",
    },
  ]);
  const ids = async (query: EventQuery): Promise<string[]> => (await allOf(one, query)).map(({ id }) => id);
  expect(await ids({ ip: "8.8.4.4" })).toEqual(["AAAA-3", "AAAA-1"]);
  expect(await ids({ ip: "8.8.0.0/16" })).toEqual(["AAAA-3", "AAAA-1"]);
  expect(await ids({ ip: "2a01:db8:1:2::/64" })).toEqual(["AAAA-2"]);
  expect(await ids({ ip: "no address" })).toEqual([]);
  expect(await ids({ types: ["banned", "fault"] })).toEqual(["AAAA-3"]);
  expect(await ids({ protection: "bans" })).toEqual(["AAAA-2", "AAAA-1"]);
  expect((await one.history.events({ id: "AAAA-3" })).events[0]).toMatchObject({
    statuses: { 404: 9, 403: 1 },
    expires: 5000,
    passHolder: true,
    evidence: '[{"path":"/x"}]',
  });
});

test("pages follow each other without gaps or repetitions while new events come", async () => {
  const one = record();
  for (let number = 0; number < 120; number++) {
    refuse(one, address(number), { id: String(number) });
    if (number % 3 === 0) one.clock.advance(1);
  }
  const first = await one.history.events({ limit: 50 });
  refuse(one, address(999), { id: "999" });
  const second = await one.history.events({ limit: 50, after: first.next });
  const third = await one.history.events({ limit: 50, after: second.next });
  const ids = [first, second, third].flatMap(({ events }) => events.map(({ id }) => Number(id)));
  expect(new Set(ids).size).toBe(120);
  expect(ids.sort((a, b) => b - a)).toEqual(Array.from({ length: 120 }, (_, at) => 119 - at));
  expect(third.next).toBeUndefined();
});

test("the newest events of each client are kept, however often another comes", async () => {
  const one = record();
  refuse(one, "8.8.4.4", { id: "quiet" });
  for (let number = 0; number < 5000; number++) refuse(one, "9.9.9.9", { id: `loud ${number}` });
  const events = await allOf(one);
  expect(events.map(({ id }) => id)).toContain("quiet");
  const loud = await allOf(one, { ip: "9.9.9.9" });
  expect(loud).toHaveLength(8);
  expect(loud.map(({ id }) => id)).toContain("loud 4999");
  expect(one.history.status().leftOut).toBe(4992);
  expect((await one.history.counts("1h")).now.denied).toBe(5001);
});

test("other instances are told within a minute of the latest event of a client that comes again and again", async () => {
  const clock = new Clock();
  const server = new TallyServer(clock.now);
  const [one, other] = [
    record({ store: new TallyClient(server) }, clock),
    record({ store: new TallyClient(server) }, clock),
  ];
  for (let number = 0; number < 5000; number++) refuse(one, "9.9.9.9", { id: String(number) });
  await one.history.flush();
  expect((await allOf(other)).map(({ id }) => id)).toEqual(["6", "5", "4", "3", "2", "1", "0"]);
  clock.advance(60);
  await one.history.flush();
  const events = await allOf(other);
  expect(events).toHaveLength(8);
  expect(events.find(({ id }) => id === "4999")?.left).toBe(4993);
});

test("addresses of one IPv6 /64 are one client, and faults without an address are told apart", async () => {
  const one = record();
  for (let number = 0; number < 50; number++) refuse(one, `2a01:db8::${number.toString(16)}`);
  for (const reason of ["store", "hook", "exception"])
    for (let number = 0; number < 20; number++)
      one.events.emit(event({ type: "fault", reason, data: "a text" }));
  expect(await allOf(one, { ip: "2a01:db8::/64" })).toHaveLength(8);
  const faults = await allOf(one, { types: ["fault"] });
  expect(new Set(faults.map(({ reason }) => reason)).size).toBe(3);
  expect(faults[0]?.evidence).toBe("a text");
});

test("a flood of a million addresses keeps memory, keys and writes in bounds, and loses neither bans nor counts", async () => {
  const clock = new Clock();
  const server = new TallyServer(clock.now);
  const store = new TallyClient(server);
  const one = record({ store }, clock);
  one.events.emit(event({ type: "banned", ip: "8.8.4.4", id: "a ban" }));
  refuse(one, "8.8.4.4", { id: "before" });
  const FLOOD = 1_000_000;
  for (let number = 0; number < FLOOD; number++) {
    refuse(one, address(number), { id: String(number), path: `/${number}` });
    // Ten minutes.
    if (number % 5000 === 0) clock.advance(3);
    if (number % 5000 === 0) await one.history.flush();
  }
  await one.history.flush();
  expect((await one.history.counts("1h")).now.denied).toBe(FLOOD + 1);
  const events = await allOf(one, { limit: 500 });
  expect(events.map(({ id }) => id)).toEqual(expect.arrayContaining(["a ban", "before"]));
  expect(events.length).toBeLessThan(1500);
  expect(one.history.status().leftOut).toBe(FLOOD + 2 - events.length);
  // 200 flushes, of up to four buckets and a few segments.
  expect(server.writes).toBeLessThan(200 * 8);
  const keys: string[] = [];
  for await (const key of server.values.keys("hit")) keys.push(key);
  const bytes = keys.reduce((sum, key) => sum + (server.values.get(key)?.length ?? 0), 0);
  expect(keys.length).toBeLessThan(128 + 4 + 30 * 16);
  expect(bytes).toBeLessThan(1_500_000);
});

test("texts of clients are cut, and rid of control characters", async () => {
  const one = record();
  const path = `/\u001b[2J\u202e<script>${"ü".repeat(500)}`;
  refuse(one, "8.8.4.4", { id: "x", path, reason: "漢".repeat(300), protection: "a\nb" });
  one.events.emit(event({ type: "failed", ip: "8.8.4.4", data: { kind: "漢\u0007".repeat(300) } }));
  const events = await allOf(one);
  expect(events).toHaveLength(2);
  for (const one of events) {
    const text = JSON.stringify(one);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(600);
    expect(text).not.toMatch(/\\u001b|\\u0007|\u202e|\\n/);
  }
  const { now } = await one.history.counts("1h");
  expect(now.deniedBy[0]?.labels.reason.length).toBe(40);
});

test("data of an app that has no JSON does no harm", async () => {
  const one = record();
  const data: Record<string, unknown> = { count: 1n };
  data["self"] = data;
  one.meter.refused(
    "denied",
    { protection: "services", reason: "unknown host", data },
    { service: "unknown", mode: "block" },
    { ip: "8.8.4.4", id: "x", method: "GET", path: { path: "/" } },
  );
  expect(await allOf(one)).toHaveLength(1);
});

test("instances see each other's events, also those of an instance that has ended", async () => {
  const clock = new Clock();
  const server = new TallyServer(clock.now);
  const [one, other] = [
    record({ store: new TallyClient(server) }, clock),
    record({ store: new TallyClient(server) }, clock),
  ];
  refuse(one, "8.8.4.4", { id: "of one" });
  refuse(other, "8.8.4.5", { id: "of the other" });
  await one.history.flush();
  await other.history.close();
  const ids = async (recording: Recording): Promise<string[]> =>
    (await allOf(recording)).map(({ id }) => id).sort();
  expect(await ids(one)).toEqual(["of one", "of the other"]);
  await one.history.close();
  expect(await ids(record({ store: new TallyClient(server) }, clock))).toEqual(["of one", "of the other"]);
});

test("many events go round the ring of segments, and the newest of each instance stay", async () => {
  const clock = new Clock();
  const server = new TallyServer(clock.now);
  const instances = [0, 1, 2].map(() => record({ store: new TallyClient(server) }, clock));
  for (let round = 0; round < 300; round++) {
    for (const [number, one] of instances.entries()) {
      for (let client = 0; client < 20; client++)
        refuse(one, address(round * 100 + client), { id: `${number} ${round} ${client}` });
      await one.history.flush();
    }
    clock.advance(60);
  }
  const ids = (await allOf(record({ store: new TallyClient(server) }, clock), { limit: 500 })).map(
    ({ id }) => id,
  );
  expect(new Set(ids).size).toBe(ids.length);
  for (const number of [0, 1, 2]) expect(ids).toContain(`${number} 299 0`);
  let bytes = 0;
  for await (const key of server.values.keys("hit", "history|events"))
    bytes += server.values.get(key)?.length ?? 0;
  expect(bytes).toBeLessThan(56 * 8200);
});

test("while the store is away, events are kept here and shared later", async () => {
  const clock = new Clock();
  const server = new TallyServer(clock.now);
  const stores = [new TallyClient(server), new TallyClient(server)] as const;
  const [one, other] = stores.map((store) => record({ store }, clock)) as [Recording, Recording];
  refuse(other, "8.8.4.5", { id: "before" });
  await other.history.flush();
  expect(await allOf(one)).toHaveLength(1);
  stores[0].problem = "Redis is away (refused)";
  clock.advance(1);
  refuse(one, "8.8.4.4", { id: "meanwhile" });
  clock.advance(10);
  await one.history.flush();
  const page = await one.history.events();
  expect(page.events.map(({ id }) => id)).toEqual(["meanwhile", "before"]);
  expect(page.problem).toBe("Redis is away (refused)");
  expect(one.history.status().problem).toBe("Redis is away (refused)");
  stores[0].problem = undefined;
  await one.history.flush();
  clock.advance(10);
  expect((await allOf(other)).map(({ id }) => id)).toEqual(["meanwhile", "before"]);
  expect(one.history.status().problem).toBeUndefined();
});
