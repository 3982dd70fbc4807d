import { execFileSync } from "node:child_process";
import { Console } from "node:console";
import { Writable } from "node:stream";
import pino from "pino";
import { createLogger, format, transports } from "winston";
import { bunker, MemoryStore, type BunkerEvent, type BunkerEventType, type Logger } from "../../src/index.js";
import { EVENT_TYPES } from "../../src/events/event-bus.js";
import { ask } from "../support/ask.js";
import { site } from "../support/site.js";

/** A stream that keeps the lines written to it. */
function lineKeeper(): { stream: Writable; lines: string[] } {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(...chunk.toString().split("\n").filter(Boolean));
      done();
    },
  });
  return { stream, lines };
}

/** Warnings are raised, and logged, in another way: see below. */
type LoggedType = Exclude<BunkerEventType, "warning">;

const LEVELS: Record<LoggedType, "info" | "warn" | "error"> = {
  denied: "info",
  challenged: "info",
  solved: "info",
  failed: "info",
  banned: "warn",
  unbanned: "info",
  reported: "info",
  fault: "error",
};

const TYPES = EVENT_TYPES.filter((type): type is LoggedType => type !== "warning");

function eventOf(type: BunkerEventType): BunkerEvent {
  return {
    type,
    time: new Date(0),
    id: "c0ffee",
    ip: "9.9.9.9",
    service: "site.test",
    protection: "bad-behavior",
    reason: "bad behavior",
    data: type === "fault" ? "it broke" : { scope: "global", expires: new Date(60_000), action: "deny" },
    mode: "block",
    method: "GET",
    // Placeholders of util.format, and so of winston and pino.
    path: "/a%20%s%d%o",
    status: 404,
  };
}

const FIELDS = {
  ip: "9.9.9.9",
  service: "site.test",
  protection: "bad-behavior",
  reason: "bad behavior",
  id: "c0ffee",
  method: "GET",
  path: "/a%20%s%d%o",
  status: 404,
};

/** Emits an event of each type with a logger, and closes. */
async function emitAll(logger: Logger): Promise<void> {
  const guard = bunker({ store: new MemoryStore(), logger, bunkernet: false });
  for (const type of TYPES) guard.events.emit(eventOf(type));
  await guard.close();
}

const jsonOf = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

describe("one record for each kind of event", () => {
  test("pino gets the fields first, and loses none", async () => {
    const { stream, lines } = lineKeeper();
    await emitAll(pino(stream).child({ app: "shop" }));
    const records = jsonOf(lines);
    expect(records.map(({ event }) => event)).toEqual(TYPES);
    for (const record of records) {
      const type = record["event"] as LoggedType;
      expect(record).toMatchObject({ ...FIELDS, app: "shop", level: pino.levels.values[LEVELS[type]] });
      expect(record["msg"]).toMatch(/9\.9\.9\.9$|fault in bad-behavior: bad behavior$/);
    }
    expect(records.at(-1)).toMatchObject({ event: "fault", err: { message: "it broke" } });
    expect(records[4]).toMatchObject({ msg: "banned 9.9.9.9", scope: "global", action: "deny" });
  });

  test("winston gets one object, so that placeholders in a path lose no field", async () => {
    const { stream, lines } = lineKeeper();
    const logger = createLogger({
      format: format.combine(format.splat(), format.json()),
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston's own types
      transports: [new transports.Stream({ stream })],
    });
    await emitAll(logger.child({ app: "shop" }));
    const records = jsonOf(lines);
    expect(records.map(({ event }) => event)).toEqual(TYPES);
    for (const record of records) {
      const type = record["event"] as LoggedType;
      expect(record).toMatchObject({ ...FIELDS, app: "shop", level: LEVELS[type] });
    }
    expect(records[4]).toMatchObject({ message: "banned 9.9.9.9" });
  });

  test("a console gets one readable line", async () => {
    const { stream, lines } = lineKeeper();
    await emitAll(new Console({ stdout: stream, stderr: stream }));
    expect(lines).toHaveLength(TYPES.length);
    const rest = `service=site.test protection=bad-behavior reason="bad behavior" id=c0ffee method=GET path="/a%20%s%d%o" status=404`;
    expect(lines[0]).toBe(`express-bunker: refused 9.9.9.9 ${rest}`);
    expect(lines[4]).toBe(
      `express-bunker: banned 9.9.9.9 ${rest} scope=global expires=1970-01-01T00:01:00.000Z action=deny`,
    );
    expect(lines.at(-1)).toBe(
      `express-bunker: fault in bad-behavior: bad behavior ip=9.9.9.9 ${rest} err="it broke"`,
    );
  });

  test("another logger gets the line and the fields", async () => {
    const calls: unknown[][] = [];
    const keep =
      (level: string) =>
      (...values: unknown[]): void =>
        void calls.push([level, ...values]);
    await emitAll({ info: keep("info"), warn: keep("warn"), error: keep("error") });
    expect(calls.map(([level]) => level)).toEqual(TYPES.map((type) => LEVELS[type]));
    expect(calls[4]?.[1]).toMatch(/^express-bunker: banned 9\.9\.9\.9 service=site\.test /);
    expect(calls[4]?.[2]).toMatchObject({ ...FIELDS, event: "banned", message: "banned 9.9.9.9" });
  });
});

test("a ban by requests has the status, path and id of the last of them", async () => {
  const { stream, lines } = lineKeeper();
  const { url, guard } = await site((shared) =>
    bunker({ ...shared, logger: pino(stream), bunkernet: false, badBehavior: { threshold: 2 } }),
  );
  for (let i = 0; i < 3; i++) await ask(url, `/missing${i}`, { from: "9.9.9.9" });
  await guard.bans.remove("9.9.9.9");
  const records = jsonOf(lines);
  expect(records.map(({ event }) => event)).toEqual(["banned", "denied", "unbanned"]);
  expect(records[0]).toMatchObject({ ip: "9.9.9.9", status: 404, method: "GET", path: "/missing1" });
  expect(records[1]).toMatchObject({ ip: "9.9.9.9", status: 403, path: "/missing2" });
  expect(records[1]?.["id"]).toMatch(/^\w{8,}$/);
});

test("warnings and notices have their code or name, the mode is said where it is detect", async () => {
  const { stream, lines } = lineKeeper();
  const guard = bunker({
    store: new MemoryStore(),
    logger: pino(stream),
    bunkernet: false,
    mode: "detect",
  });
  guard.events.warn("WRN_BUNKER_TEST", "something to look at");
  guard.events.emit({ ...eventOf("banned"), mode: "detect" });
  await guard.close();
  const [warning, ban] = jsonOf(lines);
  expect(warning).toMatchObject({ level: 40, event: "warning", code: "WRN_BUNKER_TEST" });
  expect(warning?.["msg"]).toBe(
    "WRN_BUNKER_TEST: something to look at (npx express-bunker error WRN_BUNKER_TEST)",
  );
  expect(ban).toMatchObject({ event: "banned", mode: "detect", msg: "would have banned 9.9.9.9" });
});

test("logEvents chooses the kinds that are logged", async () => {
  const { stream, lines } = lineKeeper();
  const guard = bunker({
    store: new MemoryStore(),
    logger: pino(stream),
    bunkernet: false,
    logEvents: ["banned", "fault"],
  });
  for (const type of TYPES) guard.events.emit(eventOf(type));
  await guard.close();
  expect(jsonOf(lines).map(({ event }) => event)).toEqual(["banned", "fault"]);
  expect(() => bunker({ logEvents: ["baned"] as never })).toThrow(/logEvents/);
});

test("NODE_DEBUG=express-bunker traces every event, whatever is logged", () => {
  const program = `
    const { bunker } = require("./dist/index.js");
    const guard = bunker({ logger: false, bunkernet: false });
    guard.events.emit({ type: "denied", time: new Date(0), id: "c0ffee", ip: "9.9.9.9", service: "s", protection: "bans",
      reason: "manual", data: {}, mode: "block" });
    guard.close();`;
  const traced = (env: Record<string, string>): string =>
    execFileSync(
      process.execPath,
      ["--eval", `process.stderr.write = process.stdout.write.bind(process.stdout);${program}`],
      {
        env: { ...process.env, ...env },
        encoding: "utf8",
      },
    );
  expect(traced({ NODE_DEBUG: "express-bunker" })).toMatch(/EXPRESS-BUNKER \d+: denied \{.*"id":"c0ffee"/);
  expect(traced({ NODE_DEBUG: "" })).toBe("");
});
