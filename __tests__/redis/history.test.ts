import { EventBus } from "../../src/events/event-bus.js";
import { History } from "../../src/history/index.js";
import { Meter } from "../../src/meter.js";
import { RedisStore } from "../../src/redis/index.js";
import { event, refuse, type Recording } from "../history/recording.js";
import { until } from "../support/until.js";
import { startRedis, type RedisServer } from "./servers.js";

let redis: RedisServer;
let stops: (() => unknown)[] = [];
beforeEach(async () => void (redis = await startRedis()));
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
  await redis.stop("SIGKILL");
});

// The timeout is long because replies may be late on a busy machine.
async function instance(now?: () => number): Promise<Omit<Recording, "clock"> & { store: RedisStore }> {
  const store = new RedisStore({ url: redis.url, timeout: 900, logger: false });
  stops.push(() => store.close());
  await store.ready();
  const events = new EventBus();
  const meter = new Meter();
  const history = new History({ store, events, meter, now: now ?? (() => store.now()) });
  stops.push(() => history.close());
  return { history, events, meter, store };
}

const told = (one: Awaited<ReturnType<typeof instance>>): Recording => one as unknown as Recording;

test("two instances show the same numbers, events and top lists, and a third one that starts later does", async () => {
  const [one, two] = [await instance(), await instance()];
  for (let count = 0; count < 30; count++) {
    refuse(told(one), "8.8.4.4", { id: `one ${count}`, path: "/one" });
    refuse(told(two), "8.8.4.5", { id: `two ${count}`, path: "/two" });
    if (count % 5 === 0) await Promise.all([one.history.flush(), two.history.flush()]);
  }
  two.events.emit(event({ type: "solved", data: { kind: "javascript", seconds: 2 } }));
  await one.history.close();
  await two.history.flush();
  const three = await instance();
  const [ofTwo, ofThree] = [await two.history.counts("1h"), await three.history.counts("1h")];
  expect(ofTwo.now).toMatchObject({ requests: 60, denied: 60, solved: 1 });
  expect(ofThree).toEqual(ofTwo);
  const ids = (await three.history.events({ limit: 100 })).events.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(["one 0", "two 0"]));
  // The latest of a client that comes again and again is shared within a minute, and known to its instance at once.
  expect((await two.history.events({ id: "two 29" })).events).toHaveLength(1);
  await two.history.close();
  const { paths } = await three.history.top("1h");
  expect(paths.map(({ item, count }) => [item, count]).sort()).toEqual([
    ["/one", 30],
    ["/two", 30],
  ]);
});

test("what happens while Redis is away is added once it is back, and counted once", async () => {
  const [one, two] = [await instance(), await instance()];
  refuse(told(one), "8.8.4.4");
  refuse(told(two), "8.8.4.4");
  await Promise.all([one.history.flush(), two.history.flush()]);
  expect((await one.history.counts("1h")).now.denied).toBe(2);
  redis.child.kill("SIGSTOP");
  for (let count = 0; count < 5; count++) {
    refuse(told(one), "8.8.4.4");
    await one.history.flush();
  }
  const away = await one.history.counts("1h");
  expect(away.now.denied).toBe(7);
  expect(away.problem).toBeDefined();
  redis.child.kill("SIGCONT");
  await until(async () => {
    await one.history.flush();
    return one.history.status().problem === undefined;
  });
  for (const { history } of [one, two])
    await until(async () => (await history.counts("1h")).now.denied === 7);
  expect(one.history.status().lost).toBe(0);
});

/** The keys of the history in Redis, and the bytes that each takes. */
async function sizesOf(): Promise<[key: string, bytes: number][]> {
  const script =
    "local found = {} for _, key in ipairs(redis.call('KEYS', '*history*')) do " +
    "found[#found + 1] = redis.call('MEMORY', 'USAGE', key) .. ' ' .. key end return found";
  const lines = (await redis.cli("eval", script, "0")).split("\n");
  return lines.map((line) => [line.slice(line.indexOf(" ") + 1), Number.parseInt(line, 10)]);
}

test("all history in Redis takes at most 5 MB, whatever the labels", async () => {
  // Every bucket of every resolution, with more labels than it has room for.
  let now = Date.UTC(2026, 0, 1);
  const one = await instance(() => now);
  const fill = (): void => {
    for (let label = 0; label < 40; label++) {
      const place = { service: `service-${label}.example.com`, mode: "block" } as const;
      const request = {
        ip: `9.9.${label}.1`,
        id: `id ${label}`,
        method: "GET",
        path: { path: `/${"x".repeat(120)}${label}` },
      };
      one.meter.requested("deny", place.service, "block", true);
      one.meter.refused(
        "denied",
        { protection: "bad-behavior", reason: `reason number ${label}`, data: {} },
        place,
        request,
      );
      one.events.emit(
        event({ type: "banned", reason: `a ban for reason ${label}`, ...place, ip: request.ip }),
      );
      one.events.emit(event({ type: "solved", ...place, data: { kind: `kind ${label}`, seconds: label } }));
    }
  };
  const step = async (ms: number, times: number): Promise<void> => {
    for (let count = 0; count < times; count++) {
      fill();
      await one.history.flush();
      now += ms;
    }
  };
  await step(86_400_000, 31);
  await step(3_600_000, 700);
  await step(900_000, 190);
  await step(60_000, 120);
  expect(one.history.status().problem).toBeUndefined();
  const keys = await sizesOf();
  // The keys of the history expire in Redis by real time: here only those count that would still be there.
  const kept = new Map([
    ["m", [60_000, 121]],
    ["q", [900_000, 193]],
    ["h", [3_600_000, 745]],
    ["d", [86_400_000, 62]],
  ]);
  const sizes = { counts: 0, events: 0, top: 0, callers: 0 };
  for (const [key, bytes] of keys) {
    const [, letter, index] = /^bunker:hit:\{\d+\}:history\|([mqhd])\|(\d+)$/.exec(key) ?? [];
    const [ms = 1, count = 0] = kept.get(letter ?? "") ?? [];
    if (letter !== undefined && Number(index) <= Math.floor(now / ms) - count) continue;
    if (letter !== undefined) sizes.counts += bytes;
    else if (key.includes("|events|")) sizes.events += bytes;
    else if (key.includes("|top|")) sizes.top = Math.max(sizes.top, bytes);
    else sizes.callers = Math.max(sizes.callers, bytes);
  }
  // Top lists of 16 instances in 30 windows, and the calls of 20 instances in the last hour.
  const all = sizes.counts + sizes.events + sizes.top * 30 * 16 + sizes.callers * 20 * 68;
  expect({ all: all < 5_000_000, ...sizes }).toEqual({ all: true, ...sizes });
  // Redis keeps few and short counters in a compact form.
  const hash = keys.map(([key]) => key).find((key) => /^bunker:hit:.*\|[mqhd]\|\d+$/.test(key));
  expect(await redis.cli("object", "encoding", hash as string)).toBe("listpack");
}, 240_000);
