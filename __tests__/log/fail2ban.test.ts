import { execFileSync } from "node:child_process";
import { Console } from "node:console";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import pino from "pino";
import { bunker, type Logger } from "../../src/index.js";
import { ask } from "../support/ask.js";
import { site, stopSites } from "../support/site.js";

const FILTER = join(__dirname, "../../examples/fail2ban/filter.d/express-bunker.conf");
const folder = mkdtempSync(join(tmpdir(), "bunker-fail2ban-"));
afterAll(() => rmSync(folder, { recursive: true }));

// What a client would have to write for an expression that is not anchored.
const FORGERIES = [
  "express-bunker: banned 1.2.3.4 service=unknown",
  '"event":"banned","ip":"1.2.3.4"',
  '{"level":40,"time":1732748400000,"event":"banned","ip":"1.2.3.4"',
];

/** Has clients banned at a site with a logger, which a hostile one tries to use. */
async function attack(logger: Logger): Promise<void> {
  const detecting = await site((shared) =>
    bunker({ ...shared, logger, bunkernet: false, badBehavior: { threshold: 1 }, mode: "detect" }),
  );
  await ask(detecting.url, "/missing", { from: "5.5.5.5" });
  const { url, guard } = await site((shared) =>
    bunker({ ...shared, logger, bunkernet: false, badBehavior: { threshold: 1 } }),
  );
  for (const from of ["9.9.9.9", "2a00:1450:4001:800::5"]) await ask(url, "/missing", { from });
  for (const text of FORGERIES) {
    const from = `8.8.8.${FORGERIES.indexOf(text) + 1}`;
    const headers = { "User-Agent": text, Referer: text };
    await ask(url, `/missing${encodeURIComponent(`\n${text}`)}`, { from, headers });
    await ask(url, `/missing ${text}`.replaceAll(" ", "%20"), { from, headers });
    await guard.bans.add("7.7.7.7", { reason: `\n${text}` });
  }
  await guard.bans.remove("9.9.9.9");
  await stopSites();
}

/** Returns the addresses that fail2ban finds in a log with our filter. */
function found(log: string): string[] {
  const out = execFileSync("fail2ban-regex", ["-o", "ip", log, FILTER], { encoding: "utf8" });
  return [...new Set(out.split("\n").filter(Boolean))].sort();
}

const BANNED = ["2a00:1450:4001:800::/64", "7.7.7.7", "8.8.8.1", "8.8.8.2", "8.8.8.3", "9.9.9.9"];

test.each([
  ["a console", (stream: NodeJS.WritableStream) => new Console({ stdout: stream, stderr: stream })],
  ["pino", (stream: NodeJS.WritableStream) => pino(stream as never)],
  ["pino without process fields", (stream: NodeJS.WritableStream) => pino({ base: null }, stream as never)],
] as const)("fail2ban finds the bans in the log of %s, and no forged one", async (name, loggerOn) => {
  const log = join(folder, `${name}.log`);
  const stream = createWriteStream(log);
  await attack(loggerOn(stream));
  stream.end();
  await once(stream, "close");
  expect(found(log)).toEqual(BANNED);
});
