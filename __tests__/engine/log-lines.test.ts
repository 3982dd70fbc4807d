import { connect } from "node:net";
import { bunker, MemoryStore, type Bunker, type Logger } from "../../src/index.js";
import { Terminal } from "../../src/cli/terminal.js";
import { ask } from "../support/ask.js";
import { site, type TestSite } from "../support/site.js";
import { until } from "../support/until.js";

// One of each kind: C0 (a line feed, an escape), DEL, C1 (NEL, CSI), separators, and every control of direction.
const HOSTILE =
  "\n\r\u0000\u001b[2J\u007f\u0085\u009b31m\u2028\u2029\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069";
const FORGING = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** Keeps everything that a logger is given, as one text for each line. */
function recorder(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const write = (line: string, record: unknown): void => void lines.push(`${line} ${JSON.stringify(record)}`);
  return { logger: { info: write, warn: write, error: write }, lines };
}

const faulty = (message: () => string, logger: Logger): Promise<TestSite<Bunker>> =>
  site((shared) =>
    bunker({
      ...shared,
      logger,
      bunkernet: false,
      skip: () => {
        throw new Error(message());
      },
    }),
  );

test("what clients, hooks and listeners say forges no line and moves no cursor", async () => {
  const { logger, lines } = recorder();
  const { url, guard, status } = await site((shared) =>
    bunker({
      ...shared,
      logger,
      bunkernet: false,
      services: ["site.test"],
      badBehavior: { threshold: 1 },
      skip: () => {
        throw new Error(`skip failed ${HOSTILE}`);
      },
      events: {
        banned: () => {
          throw new Error(`listener failed ${HOSTILE}`);
        },
      },
    }),
  );
  const path = `/missing${encodeURIComponent(HOSTILE)}`;
  await ask(url, path, { from: "9.9.9.9", headers: { Host: "site.test" } });
  expect(await status("9.9.9.9", "/", { headers: { Host: "site.test" } })).toBe(403);
  await ask(url, "/", { from: "8.8.8.8", headers: { Host: "\u0085\u009bevil.test" } });
  guard.events.warn("WRN_BUNKER_TEST", `warned ${HOSTILE}`);
  const text = lines.join("|");
  for (const said of ["skip failed", "listener failed", "banned 9.9.9.9", "evil.test", "warned"])
    expect(text).toContain(said);
  expect(lines.filter((line) => FORGING.test(line))).toEqual([]);
});

test("in detect mode neither do the lines of what would have been done, and why", async () => {
  const { logger, lines } = recorder();
  const { url, guard } = await site((shared) =>
    bunker({ ...shared, logger, bunkernet: false, mode: "detect", services: ["site.test"] }),
  );
  await guard.bans.add("9.9.9.9", { reason: `manual ${HOSTILE}` });
  await ask(url, `/${encodeURIComponent(HOSTILE)}`, { from: "9.9.9.9", headers: { Host: "site.test" } });
  await until(() => lines.some((line) => line.includes("why")));
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.filter((line) => FORGING.test(line))).toEqual([]);
});

test("the same fault of many requests is one line a minute, and the next line says how many were left out", async () => {
  const { logger, lines } = recorder();
  let number = 0;
  const { url, clock } = await faulty(() => `failed for request ${number++}`, logger);
  const faults = (): string[] => lines.filter((line) => line.includes("fault in"));
  for (let i = 0; i < 20; i++) await ask(url, "/", { from: "9.9.9.9" });
  expect(faults()).toEqual([expect.stringMatching(/fault in engine: hook .* err="failed for request 0"/)]);
  clock.advance(59);
  await ask(url, "/", { from: "9.9.9.9" });
  expect(faults()).toHaveLength(1);
  clock.advance(1);
  for (let i = 0; i < 3; i++) await ask(url, "/", { from: "9.9.9.9" });
  expect(faults()[1]).toMatch(/fault in engine: hook .* err="failed for request 21" repeated=20 /);
  clock.advance(60);
  await ask(url, "/", { from: "9.9.9.9" });
  expect(faults()[2]).toContain(" repeated=2 ");
  expect(faults()).toHaveLength(3);
  // A clock that is set back does not silence the log.
  clock.advance(-3600);
  await ask(url, "/", { from: "9.9.9.9" });
  expect(faults()).toHaveLength(4);
});

test("faults of other protections and reasons have lines of their own, and other loggers theirs", async () => {
  const first = recorder();
  const second = recorder();
  const store = new MemoryStore();
  const guards = [first, second].map(({ logger }) => bunker({ store, logger, bunkernet: false }));
  const fault = (protection: string, reason: string): void =>
    guards[0]?.events.emit({
      type: "fault",
      time: new Date(0),
      id: "",
      ip: "",
      service: "",
      protection,
      reason,
      data: { nested: HOSTILE },
      mode: "block",
    });
  for (let i = 0; i < 2; i++) for (const protection of ["one", "two"]) fault(protection, "store");
  fault("one", "hook");
  for (const { lines } of [first, second]) {
    expect(lines).toHaveLength(3);
    expect(lines.filter((line) => FORGING.test(line))).toEqual([]);
  }
  for (const guard of guards) await guard.close();
});

test("a hostile header in a raw request forges no line either", async () => {
  const { logger, lines } = recorder();
  const { served } = await site((shared) =>
    bunker({ ...shared, logger, bunkernet: false, services: ["site.test"] }),
  );
  await new Promise<void>((resolve) => {
    const socket = connect(served.port, "127.0.0.1", () =>
      socket.write("GET / HTTP/1.1\r\nHost: a\u0085\u009b.test\r\nConnection: close\r\n\r\n", "latin1"),
    );
    socket.on("close", () => resolve()).resume();
  });
  expect(lines.some((line) => line.includes("WRN_BUNKER_UNKNOWN_HOST"))).toBe(true);
  expect(lines.filter((line) => FORGING.test(line))).toEqual([]);
});

test("the command line's JSON escapes what acts on a terminal, and reads back the same", () => {
  let text = "";
  const stream = { write: (chunk: string) => (text += chunk) } as never;
  new Terminal(stream, stream, {}).printJson({ reason: HOSTILE });
  expect(JSON.parse(text)).toEqual({ reason: HOSTILE });
  expect(text.split("\n").filter((line) => FORGING.test(line))).toEqual([]);
});
