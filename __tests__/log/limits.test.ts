import { bunker, MemoryStore, type Bunker, type BunkerEventType } from "../../src/index.js";
import { ask } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { site } from "../support/site.js";

interface Kept {
  event: string;
  ip?: string;
  repeated?: number;
  leftOut?: Record<string, number>;
}

/** A guard whose records are kept, and a function that emits events. */
function guardWithLog(): {
  guard: Bunker;
  clock: Clock;
  records: Kept[];
  emit: (type: BunkerEventType, ip: string, reason?: string) => void;
} {
  const clock = new Clock();
  const records: Kept[] = [];
  const keep = (_line: string, record: unknown): void => void records.push(record as Kept);
  const guard = bunker({
    store: new MemoryStore({ now: clock.now }),
    now: clock.now,
    logger: { info: keep, warn: keep, error: keep },
    bunkernet: false,
  });
  const emit = (type: BunkerEventType, ip: string, reason = "manual"): void =>
    guard.events.emit({
      type,
      time: new Date(clock.now()),
      id: "",
      ip,
      service: "s",
      protection: "bans",
      reason,
      data: {},
      mode: "block",
    });
  return { guard, clock, records, emit };
}

test("a client's refusals are one record a minute, and the next one says how many there were", async () => {
  const { guard, clock, records, emit } = guardWithLog();
  for (let i = 0; i < 500; i++) emit("denied", "9.9.9.9");
  emit("denied", "8.8.8.8");
  expect(records.map(({ ip }) => ip)).toEqual(["9.9.9.9", "8.8.8.8"]);
  clock.advance(60);
  emit("denied", "9.9.9.9");
  // The summary of all clients comes once a minute, too.
  expect(records.slice(2)).toMatchObject([
    { event: "left_out", leftOut: { denied: 499 } },
    { event: "denied", ip: "9.9.9.9", repeated: 499 },
  ]);
  await guard.close();
  expect(records).toHaveLength(4);
});

test("a million clients write no more than the budget, and what was left out is counted", async () => {
  const { guard, clock, records, emit } = guardWithLog();
  const address = (i: number): string => `11.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
  for (let i = 0; i < 1_000_000; i++) {
    if (i % 10_000 === 0) clock.advance(1);
    emit("challenged", address(i));
  }
  await guard.close();
  const challenged = records.filter(({ event }) => event === "challenged").length;
  const summaries = records.filter(({ event }) => event === "left_out");
  // 200 at once and five a second, for 100 seconds.
  expect(challenged).toBeGreaterThan(200);
  expect(challenged).toBeLessThanOrEqual(200 + 5 * 100);
  expect(summaries).toHaveLength(2);
  const left = summaries.reduce((sum, { leftOut }) => sum + (leftOut?.["challenged"] ?? 0), 0);
  expect(challenged + left).toBe(1_000_000);
});

test("a flood of refusals crowds out neither bans nor faults", async () => {
  const { guard, records, emit } = guardWithLog();
  for (let i = 0; i < 10_000; i++) emit("denied", `12.0.${i >> 8}.${i & 255}`);
  emit("banned", "9.9.9.9");
  emit("banned", "9.9.9.9");
  emit("fault", "", "store");
  expect(records.slice(-3).map(({ event }) => event)).toEqual(["banned", "banned", "fault"]);
  await guard.close();
  expect(records.at(-1)).toMatchObject({ event: "left_out", leftOut: { denied: 9800 } });
});

test("bans have a budget as well: 1000 at once, ten a second", async () => {
  const { guard, clock, records, emit } = guardWithLog();
  for (let i = 0; i < 5000; i++) emit("banned", `12.0.${i >> 8}.${i & 255}`);
  expect(records).toHaveLength(1000);
  clock.advance(2);
  for (let i = 0; i < 50; i++) emit("banned", `13.0.0.${i}`);
  expect(records).toHaveLength(1020);
  await guard.close();
});

test("the log does not have the evidence of a ban read at each refusal; a listener has", async () => {
  let reads = 0;
  class CountingStore extends MemoryStore {
    override get(key: string): string | undefined {
      if (key.startsWith("ban:")) reads++;
      return super.get(key);
    }
  }
  const { url, guard, lines } = await site((shared) => bunker({ ...shared, bunkernet: false }), {
    store: new CountingStore(),
  });
  await guard.ready();
  await guard.bans.add("9.9.9.9");
  reads = 0;
  for (let i = 0; i < 5; i++) await ask(url, "/", { from: "9.9.9.9" });
  expect([reads, lines.filter((line) => line.includes("refused 9.9.9.9")).length]).toEqual([0, 1]);
  guard.events.on("denied", () => undefined);
  await ask(url, "/", { from: "9.9.9.9" });
  expect(reads).toBeGreaterThan(0);
});

test("middlewares with the same logger write one record, until the last of them is closed", async () => {
  const records: unknown[] = [];
  const keep = (_line: string, record: unknown): void => void records.push(record);
  const logger = { info: keep, warn: keep, error: keep };
  const store = new MemoryStore();
  const [first, second] = [0, 1].map(() => bunker({ store, logger, bunkernet: false })) as [Bunker, Bunker];
  await first.bans.add("9.9.9.9");
  expect(records).toHaveLength(1);
  await first.close();
  await second.bans.add("8.8.8.8");
  expect(records).toHaveLength(2);
  await second.close();
  await second.bans.add("7.7.7.7");
  expect(records).toHaveLength(2);
});
