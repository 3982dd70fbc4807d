import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { buildProgram, type Program, type Ran } from "./program.js";

const CHROME =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
const START = Date.UTC(2024, 2, 1, 12);

interface Asked {
  /** Seconds from the log's beginning. */
  at: number;
  ip: string;
  url: string;
  status: number;
  referer?: string;
  agent?: string;
  host?: string;
}

const SCANNER = "45.83.64.1";
const SLOW = "45.83.64.2";
const PERSON = "45.83.64.3";
const OFFICE = "10.0.0.7";
const ICONS = "45.83.64.4";

const times = (count: number, of: (index: number) => Asked): Asked[] =>
  Array.from({ length: count }, (_, index) => of(index));

/** A log whose answer is known: the scanner's tenth 404 and the person's tenth 404 ban, at 9 s and at 59 s. */
const REQUESTS: Asked[] = [
  ...times(12, (index) => ({
    at: index,
    ip: SCANNER,
    url: `/probe-${index}.php`,
    status: 404,
    agent: "curl/8.5",
  })),
  // Ten within 61 seconds at best: nine in any minute.
  ...times(20, (index) => ({
    at: index * 6.75,
    ip: SLOW,
    url: `/old-${index}`,
    status: 404,
    agent: "Mozilla/5.0",
  })),
  ...times(10, (index) => ({ at: index * 5, ip: PERSON, url: `/page-${index}`, status: 200, agent: CHROME })),
  ...times(30, (index) => ({
    at: index * 1.5 + 1,
    ip: PERSON,
    url: `/assets/${index}.css?v=1`,
    status: index % 3 === 0 ? 304 : 200,
    referer: "https://www.example.com/page-1",
    agent: CHROME,
  })),
  ...times(10, (index) => ({
    at: 50 + index,
    ip: PERSON,
    url: `/assets/gone-${index}.png`,
    status: 404,
    agent: CHROME,
  })),
  ...times(5, (index) => ({
    at: 70 + index,
    ip: PERSON,
    url: `/later-${index}`,
    status: 200,
    agent: CHROME,
  })),
  // Private addresses are never banned, and a favicon never counts.
  ...times(30, (index) => ({ at: index, ip: OFFICE, url: "/wp-login.php", status: 403 })),
  ...times(30, (index) => ({ at: index, ip: ICONS, url: "/favicon.ico", status: 404 })),
].sort((a, b) => a.at - b.at);

const date = (at: number): Date => new Date(START + Math.floor(at) * 1000);

function commonTime(at: number): string {
  // Three hours ahead of UTC.
  const [, day, month, year, clock] = /^\w+, (\d+) (\w+) (\d+) (\S+)/.exec(
    new Date(date(at).getTime() + 3 * 3_600_000).toUTCString(),
  ) as unknown as string[];
  return `${day}/${month}/${year}:${clock} +0300`;
}

const common = ({ at, ip, url, status }: Asked): string =>
  `${ip} - - [${commonTime(at)}] "GET ${url} HTTP/1.1" ${status} 512`;
const combined = (asked: Asked): string =>
  `${common(asked)} "${asked.referer ?? "-"}" "${asked.agent ?? "-"}"`;
const nginxJson = ({ at, ip, url, status, referer, agent }: Asked): string =>
  JSON.stringify({
    time_iso8601: date(at).toISOString(),
    remote_addr: ip,
    request: `GET ${url} HTTP/2.0`,
    status: String(status),
    http_referer: referer ?? "-",
    http_user_agent: agent ?? "-",
  });
const caddyJson = ({ at, ip, url, status, referer, agent }: Asked): string =>
  JSON.stringify({
    ts: date(at).getTime() / 1000 + 0.25,
    request: {
      remote_ip: ip,
      method: "GET",
      uri: url,
      host: "www.example.com",
      headers: { Referer: referer === undefined ? [] : [referer], "User-Agent": [agent ?? ""] },
    },
    status,
  });
const pinoJson = ({ at, ip, url, status, referer, agent }: Asked): string =>
  JSON.stringify({
    level: 30,
    time: date(at).getTime(),
    req: {
      method: "GET",
      url,
      headers: { host: "www.example.com", referer, "user-agent": agent },
      remoteAddress: ip,
    },
    res: { statusCode: status },
  });

interface Forecast {
  log: { lines: number; notUnderstood: number; from: string; to: string };
  clients: number;
  requests: number;
  refused: number;
  allowed: number;
  unknownHosts: number;
  banCount: number;
  looksReal: number;
  bans: {
    time: string;
    ip: string;
    service: string;
    refused: number;
    looksReal: boolean;
    expires: string | null;
  }[];
}

let program: Program;
beforeAll(() => {
  program = buildProgram("src/cli/main.ts");
});
afterAll(() => program.remove());

function write(name: string, text: string | Buffer): string {
  const path = join(program.folder, name);
  writeFileSync(path, text);
  return path;
}
const logOf = (write: (asked: Asked) => string, requests = REQUESTS): string =>
  `${requests.map(write).join("\n")}\n`;
const run = (...args: string[]): Promise<Ran> => program.run(["forecast", ...args]);
async function forecast(...args: string[]): Promise<Forecast> {
  const { out, err } = await run("--json", ...args);
  expect(err).toBe("");
  return JSON.parse(out) as Forecast;
}
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();

test.each([
  ["combined", combined, 0],
  [
    "combined, with the virtual host before it",
    (asked: Asked) => `www.example.com:443 ${combined(asked)}`,
    0,
  ],
  ["JSON of nginx", nginxJson, 0],
  ["JSON of Caddy", caddyJson, 0.25],
  ["JSON of pino-http", pinoJson, 0],
])("%s: who would have been banned, when, and who of them looks real", async (_what, writer, late) => {
  const found = await forecast(write("access.log", logOf(writer)));
  expect(found.log).toEqual({
    path: expect.stringContaining("access.log"),
    lines: REQUESTS.length,
    notUnderstood: 0,
    from: at(late),
    to: at(128 + late),
  });
  expect(found).toMatchObject({
    clients: 5,
    requests: REQUESTS.length,
    banCount: 2,
    refused: 7,
    looksReal: 1,
  });
  expect(found.bans).toMatchObject([
    { time: at(9 + late), ip: SCANNER, service: "default", refused: 2, looksReal: false },
    { time: at(59 + late), ip: PERSON, refused: 5, looksReal: true, expires: at(59 + late + 86_400) },
  ]);
});

test("common format: the same bans; without browsers' names nobody looks real", async () => {
  const found = await forecast(write("common.log", logOf(common)));
  expect(found.bans.map(({ ip }) => ip)).toEqual([SCANNER, PERSON]);
  expect(found.looksReal).toBe(0);
});

test("gzip, by whatever name, and standard input", async () => {
  const path = write("access.log.2", gzipSync(logOf(combined)));
  expect((await forecast(path)).banCount).toBe(2);
  const { out } = await program.run(["forecast", "-", "--json"], { input: gzipSync(logOf(combined)) });
  expect(JSON.parse(out)).toMatchObject({ banCount: 2 });
});

test("settings and trials decide: threshold, window, statuses, length, allow", async () => {
  const path = write("access.log", logOf(combined));
  expect((await forecast(path, "--threshold", "11")).bans.map(({ ip }) => ip)).toEqual([SCANNER]);
  expect((await forecast(path, "--count-time", "2m")).bans.map(({ ip }) => ip)).toContain(SLOW);
  expect((await forecast(path, "--status-codes", "403")).banCount).toBe(0);
  expect((await forecast(path, "--ban-time", "forever")).bans[0]?.expires).toBeNull();
  // A short ban is over before the window has emptied: the next 404 bans anew.
  const short = await forecast(path, "--ban-time", "1");
  expect(short.bans.filter(({ ip }) => ip === SCANNER).map(({ time }) => time)).toEqual([
    at(9),
    at(10),
    at(11),
  ]);
  write("app.env", `WHITELIST_IP="45.83.64.1 9.9.9.9"\nBAD_BEHAVIOR_THRESHOLD=9\n`);
  const allowed = await forecast(path, "--settings", "app.env");
  expect(allowed.allowed).toBe(12);
  expect(allowed.bans.map(({ ip }) => ip).sort()).toEqual([SLOW, PERSON].sort());
});

test("services are told apart by their hosts, each with its own settings", async () => {
  write(
    "sites.env",
    `MULTISITE=yes\nSERVER_NAME="a.test b.test"\na.test_BAD_BEHAVIOR_THRESHOLD=3\nb.test_USE_BAD_BEHAVIOR=no\n`,
  );
  const hosts = ["a.test", "b.test", "c.test"];
  const log = times(18, (index) => ({
    at: index,
    ip: SCANNER,
    url: "/x",
    status: 404,
    host: hosts[index % 3],
  }));
  const found = await forecast(
    write(
      "sites.log",
      logOf((asked) => `${asked.host ?? ""} ${combined(asked)}`, log),
    ),
    "--settings",
    "sites.env",
  );
  expect(found).toMatchObject({ unknownHosts: 6, banCount: 1, refused: 3 });
  expect(found.bans).toMatchObject([{ time: at(6), service: "a.test" }]);
});

test("logs put together in the wrong order, and dates from the future, make no bans", async () => {
  // Older lines all at the newer log's end would be one burst.
  const old = times(20, (index) => ({ at: index * 60, ip: SLOW, url: `/old-${index}`, status: 404 }));
  const newer = [{ at: 90_000, ip: PERSON, url: "/", status: 200 }];
  const order = await forecast(write("order.log", logOf(combined, [...newer, ...old])));
  expect(order).toMatchObject({ outOfOrder: 20, banCount: 0 });
  const future = { at: 86_400 * 36_500, ip: PERSON, url: "/", status: 200 };
  const wrong = await forecast(write("future.log", logOf(combined, [future, ...old])));
  expect(wrong).toMatchObject({ outOfOrder: 0, banCount: 0, log: { notUnderstood: 1 } });
});

test("lines that are none are counted; long ones and bytes do no harm", async () => {
  const noise = [
    "",
    "hello",
    "{",
    "[1]",
    "{}",
    '{"time":1,"ip":"x","status":200}',
    "x".repeat(300_000),
    "\u0000\u001b[2J",
  ];
  const found = await forecast(write("noise.log", `${noise.join("\n")}\n${logOf(combined)}`));
  expect(found.banCount).toBe(2);
  // The empty line is no line, and the one that is too long is skipped unread.
  expect(found.log.notUnderstood).toBe(6);
});

test("the table puts those who look real first; the exit code tells of them", async () => {
  const { out, err, code } = await run(write("access.log", logOf(combined)));
  expect([code, err]).toEqual([1, ""]);
  expect(out).toBe(`Log        ${REQUESTS.length} lines
Time       2024-03-01 12:00:00Z to 2024-03-01 12:02:08Z
Clients    5
Bans       2, of 2 clients
Refused    7 of ${REQUESTS.length} requests
Look real  1 of the banned clients

WHEN                  ADDRESS     SERVICE  FOR  COUNTED  REFUSED  LOOKS      WHY
2024-03-01 12:00:59Z  45.83.64.3  default  1d   10x404   5        REAL       82% of 55 answers good, 30 assets with a referer, a browser; /assets/gone-7.png /assets/gone-8.png and 8 more
2024-03-01 12:00:09Z  45.83.64.1  default  1d   10x404   2        automatic  0% of 12 answers good, no assets, calls itself a program; /probe-7.php /probe-8.php and 8 more
`);
  const quiet = await run(write("quiet.log", `${combined(REQUESTS[0] as Asked)}\n`));
  expect(quiet.code).toBe(0);
  expect(quiet.out).toContain("Nobody would have been banned.");
});

test.each([
  ["missing.log", 1, "cannot read missing.log: there is no such file"],
  [".", 1, "cannot read .: it is a folder"],
])("%s is told of", async (path, code, message) => {
  expect(await run(path)).toEqual({ code, out: "", err: `express-bunker: ${message}\n` });
});

test("an empty log, one in another format and a broken gzip are told of", async () => {
  expect((await run(write("empty.log", ""))).err).toContain("is empty");
  const other = await run(write("other.log", "one\ntwo\n"));
  expect([other.code, other.err]).toEqual([
    1,
    expect.stringContaining("none of its 2 lines is in the common or combined format"),
  ]);
  const broken = await run(write("broken.gz", gzipSync(logOf(combined)).subarray(0, 200)));
  expect([broken.code, broken.err.split("\n").length]).toEqual([1, 2]);
  expect(broken.err).toContain("cannot read");
});
