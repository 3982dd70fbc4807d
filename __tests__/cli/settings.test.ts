import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildProgram, type Program, type Ran } from "./program.js";

let program: Program;
beforeAll(() => {
  program = buildProgram("src/cli/main.ts");
});
afterAll(() => program.remove());

const run = (args: string[], env?: Record<string, string>): Promise<Ran> =>
  program.run(["settings", ...args], { env: env ?? {} });

const SITES = `MULTISITE=yes
SERVER_NAME=www.example.com shop.example.com
BAD_BEHAVIOR_THRESHOLD=20
www.example.com_USE_ANTIBOT=captcha
SESSIONS_SECRET=only-we-two-know-it
USE_GZIP=yes
`;

beforeEach(() => writeFileSync(join(program.folder, "variables.env"), SITES));

test("what is given, from where, and the option that it becomes; secrets are hidden", async () => {
  const env = { BAD_BEHAVIOR_THRESHOLD: "7", SESSIONS_SECRET: "only-we-two-know-it" };
  const { code, out, err } = await run([], env);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toBe(`SETTING                 VALUE     FROM             OPTION
SESSIONS_SECRET         (hidden)  the environment  sessions.secret
BAD_BEHAVIOR_THRESHOLD  7         the environment  badBehavior.threshold
`);
});

test("--all has the defaults, too", async () => {
  const { out } = await run(["--all"]);
  expect(out).toMatch(/^BAD_BEHAVIOR_BAN_TIME +86400 +default +badBehavior\.banTime$/m);
  expect(await run([])).toMatchObject({
    code: 0,
    out: "No setting is given: every one has its default (--all shows them).\n",
  });
});

test("a file's services, each with what it has of its own and what it falls back to", async () => {
  const all = await run(["--check", "variables.env"]);
  expect(all.code).toBe(0);
  expect(all.out).toContain(
    "Services, each with settings of its own (--service NAME): www.example.com, shop.example.com\n",
  );
  expect(all.err).toContain("note: settings of BunkerWeb's other plugins are not looked at: USE_GZIP");
  const www = await run(["--check", "variables.env", "--service", "www.example.com"]);
  expect(www.out).toMatch(/^USE_ANTIBOT +captcha +variables\.env, as www\.example\.com_USE_ANTIBOT/m);
  expect(www.out).toMatch(/^BAD_BEHAVIOR_THRESHOLD +20 +variables\.env/m);
  const shop = await run(["--settings", "variables.env", "--service", "shop.example.com", "--json"]);
  const { settings } = JSON.parse(shop.out) as { settings: { name: string; value: string }[] };
  expect(settings.find(({ name }) => name === "USE_ANTIBOT")?.value).toBe("no");
  expect(`${www.out}${shop.out}`).not.toContain("only-we-two-know-it");
});

test("all that is wrong is told at once, with exit code 1", async () => {
  const env = { ANTIBOT_TIME_VALD: "3", USE_DNSBL: "maybe", SESSIONS_SECRET: "hush" };
  expect(await run([], env)).toEqual({
    code: 1,
    out: "",
    err: `express-bunker: 3 settings are wrong
  - ANTIBOT_TIME_VALD (the environment): allowed: the name of a setting; did you mean "ANTIBOT_TIME_VALID"?
  - USE_DNSBL (the environment): got "maybe"; allowed: yes or no
  - SESSIONS_SECRET (the environment): got (hidden); allowed: a text of at least 16 characters, or "random"
`,
  });
});

test("settings that are right one by one, and too few for bunker()", async () => {
  const { code, out, err } = await run([], { USE_ANTIBOT: "turnstile" });
  expect(code).toBe(1);
  expect(out).toMatch(/^USE_ANTIBOT +turnstile +the environment +antibot\.challenge$/m);
  expect(err).toContain(
    "bunker() needs more than these settings:\n  - antibot.turnstile.siteKey: got undefined",
  );
  expect(err).toContain("ANTIBOT_TURNSTILE_SECRET");
  const json = await run(["--json"], { USE_ANTIBOT: "turnstile" });
  expect(json.code).toBe(1);
  expect(() => JSON.parse(json.out) as unknown).not.toThrow();
});

test("files and services that are not there", async () => {
  const missing = await run(["--check", "missing.env"]);
  expect([missing.code, missing.err]).toEqual([1, expect.stringContaining("missing.env")]);
  const none = await run(["--service", "www.example.com"]);
  expect(none).toEqual({
    code: 1,
    out: "",
    err: "express-bunker: there are no services: MULTISITE is not yes\n",
  });
  const other = await run(["--check", "variables.env", "--service", "other.example.com"]);
  expect(other.err).toBe(
    'express-bunker: there is no service "other.example.com"; there are www.example.com, shop.example.com\n',
  );
  expect((await run(["--check", "a.env", "--settings", "b.env"])).code).toBe(2);
});
