import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startRbldnsd } from "../dnsbl/list-server.js";
import { mmdbOf } from "../support/mmdb.js";
import { startUnbound, type NameServer } from "../support/name-server.js";
import { buildProgram, type Program, type Ran } from "./program.js";

const LISTED = "45.83.7.1";
const CRAWLER = "66.249.66.1";

let program: Program;
let lists: NameServer;
let names: NameServer;
beforeAll(async () => {
  program = buildProgram("src/cli/main.ts");
  lists = await startRbldnsd();
  names = await startUnbound(
    `  do-not-query-localhost: no
  local-zone: "." static
  local-zone: "list.test." transparent
  local-zone: "other.test." transparent
  local-zone: "refused.test." redirect
  local-data: "refused.test. 60 IN A 127.255.255.254"
  local-data-ptr: "${CRAWLER} crawl-66-249-66-1.googlebot.com"
  local-data: "crawl-66-249-66-1.googlebot.com. 60 IN A ${CRAWLER}"
  local-data-ptr: "${LISTED} crawl-66-249-66-1.googlebot.com"
stub-zone:
  name: "list.test."
  stub-addr: ${lists.server.replace(":", "@")}
stub-zone:
  name: "other.test."
  stub-addr: ${lists.server.replace(":", "@")}`,
    "2.0.0.127.list.test",
  );
  writeFileSync(
    join(program.folder, "asn.mmdb"),
    mmdbOf([[`${CRAWLER}/32`, { autonomous_system_number: 15169 }]]),
  );
});
afterAll(async () => {
  await names.stop();
  await lists.stop();
  program.remove();
});

const check = (...args: string[]): Promise<Ran> =>
  program.run(["check", ...args], {
    env: {
      USE_BUNKERNET: "no",
      USE_DNSBL: "yes",
      DNSBL_LIST: "list.test other.test refused.test",
      DNS_RESOLVERS: names.server,
    },
  });

test("every list by itself, with its code and its own words; a claimed name is not a name", async () => {
  const { code, out, err } = await check(LISTED);
  expect([code, err]).toEqual([1, ""]);
  expect(out).toBe(`Address  45.83.7.1
Asked    the settings alone: bans are not known
Service  default
Names    crawl-66-249-66-1.googlebot.com (not confirmed)

What each protection says
PROTECTION    VERDICT  WHY
bans          pass     not banned
dnsbl         deny     dnsbl: zone list.test, code 127.0.0.4
bad-behavior  pass     the answer may count: threshold 10, countTime 60 (not asked: decided before)

DNS blocklists
ZONE          VERDICT  CODE                        REASON
list.test     listed   127.0.0.4                   Open proxy 45.83.7.1
other.test    clean
refused.test  error    error code 127.255.255.254

It would be refused: by dnsbl
`);
});

test("a confirmed name, a network, and nothing against it", async () => {
  const { code, out } = await check(CRAWLER, "--asn-database", "asn.mmdb");
  expect(code).toBe(0);
  expect(out).toContain("Names    crawl-66-249-66-1.googlebot.com (confirmed)\n");
  expect(out).toContain("Network  AS15169\n");
  expect(out).toContain("It would pass: nobody has anything against it\n");
});

test("JSON for scripts", async () => {
  const { code, out } = await check(LISTED, "--json");
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    explanation: { verdict: "deny", by: "dnsbl" },
    address: {
      ip: LISTED,
      names: [{ name: "crawl-66-249-66-1.googlebot.com", confirmed: false }],
      zones: [
        { zone: "list.test", verdict: "listed", code: "127.0.0.4", text: "Open proxy 45.83.7.1" },
        { zone: "other.test", verdict: "clean" },
        { zone: "refused.test", verdict: "error" },
      ],
    },
  });
});

test("the Host and the URL that it asks decide with it", async () => {
  const env = {
    USE_BUNKERNET: "no",
    DNS_RESOLVERS: names.server,
    MULTISITE: "yes",
    SERVER_NAME: "www.example.com",
    "www.example.com_SERVER_NAME": "example.com",
  };
  const ask = (...args: string[]): Promise<Ran> => program.run(["check", CRAWLER, ...args], { env });
  expect((await ask("--host", "example.com")).out).toMatch(/^Service +www\.example\.com$/m);
  const other = await ask("--host", "other.example.com");
  expect(other.code).toBe(1);
  expect(other.out).toMatch(/^services +deny +unknown host: host other\.example\.com$/m);
});

test("names that nobody could be asked for are not known", async () => {
  const env = { USE_BUNKERNET: "no", DNS_RESOLVERS: "127.0.0.1:9" };
  const { code, out } = await program.run(["check", CRAWLER], { env });
  expect([code, out.split("\n")[3]]).toEqual([0, "Names    DNS could not be asked"]);
});

test("an address without a name has none", async () => {
  expect((await check("9.8.7.6")).out).toContain("Names    none\n");
});

test("a database that is none is told of", async () => {
  writeFileSync(join(program.folder, "none.mmdb"), "text");
  const { code, err } = await check(CRAWLER, "--asn-database", "none.mmdb");
  expect(code).toBe(1);
  expect(err).toContain("express-bunker: --asn-database: cannot read none.mmdb: ");
});
