import { PassThrough } from "node:stream";
import { COMMANDS } from "../../src/cli/commands.js";
import { printTable } from "../../src/cli/table.js";
import { Terminal } from "../../src/cli/terminal.js";
import { buildProgram, type Program, type Ran } from "./program.js";

let program: Program;
beforeAll(() => {
  program = buildProgram("src/cli/main.ts");
});
afterAll(() => program.remove());

const run = (...args: string[]): Promise<Ran> => program.run(args);

const HELP = `express-bunker: lists, adds and lifts bans, and explains what the protections do

Usage: express-bunker <command> [options]

Commands:
  bans                lists the bans in force, newest first
  ban <address>       bans an address or CIDR range
  unban <address>     lifts the bans of an address or range
  check <address>     predicts what would happen to an address's request, and why
  mode [mode]         sets the mode of running apps for some time; without one, shows it
  health              shows the health of a running app's protections
  settings            shows every setting's value and where it came from, or what is wrong
  error [code]        explains an error or warning code; without one, lists all codes
  forecast <log>      replays an access log and shows which clients would have been banned
  bunkernet <action>  registers with BunkerNet, pings it, fetches its list, shows its status
  bunkernet-server    runs a BunkerNet server of your own, until Ctrl-C
  demo                runs a sample site to try everything on, until Ctrl-C

Commands act on a running app, through the socket of its guard.control(), or on
the Redis that apps share.

Exit codes:
  0  all is well, or the answer is yes
  1  a problem was found, or the answer is no
  2  the command line is wrong
  3  the app, Redis or a server could not be reached

Run "express-bunker help <command>" for its options.
`;

test("help says what there is, in plain text where nobody looks", async () => {
  expect(await run("help")).toEqual({ code: 0, out: HELP, err: "" });
  expect(await run("--help")).toEqual({ code: 0, out: HELP, err: "" });
});

test("without a command help is the answer to a wrong command line", async () => {
  expect(await run()).toEqual({ code: 2, out: HELP, err: "" });
});

test("help about one command, by every way of asking", async () => {
  const help = `express-bunker ban: bans an address or CIDR range

Usage: express-bunker ban <address> [options]

A single IPv6 address bans its /64; write /128 after it to ban just that
address.

The target is what --control or --redis names; else the socket that
EXPRESS_BUNKER_CONTROL names; else the Redis of the settings (USE_REDIS=yes);
else the socket ./.express-bunker.sock.

Options:
  --ttl TIME       how long: seconds, 12h, 30d, or "forever" (default: 1d)
  --reason TEXT    why; shown in lists and logs (default: manual)
  --service NAME   at this service only (default: everywhere)
  --force          bans very wide ranges, this machine and trusted proxies too
  --json           prints JSON for scripts
  --control PATH   asks the running app with this control socket
  --redis URL      asks this Redis: redis://[[user]:password@]host[:port][/database]
  --prefix TEXT    the prefix of its keys (default: "bunker:")
  --bunkerweb      its bans are stored under BunkerWeb's keys
  --settings FILE  settings: .env, .yml, .json or variables.env (default: the environment)

Examples:
  express-bunker ban 192.0.2.7 --ttl 12h --reason scraper
  express-bunker ban 2001:db8::/48 --ttl forever
`;
  for (const args of [
    ["help", "ban"],
    ["ban", "--help"],
    ["ban", "-h"],
  ])
    expect(await run(...args)).toEqual({ code: 0, out: help, err: "" });
});

test.each(COMMANDS.map((command) => [command.name, command] as const))(
  "help of %s fits a terminal of 100 characters and shows examples that it takes",
  async (name, command) => {
    const { out } = await run("help", name);
    expect(out.split("\n").filter((line) => line.length > 100)).toEqual([]);
    expect(command.examples.length).toBeGreaterThan(0);
    for (const example of command.examples) expect(example.split(" ")[0]).toBe(name);
  },
);

test("the version is the package's", async () => {
  expect(await run("--version")).toEqual({ code: 0, out: "1.2.3-test\n", err: "" });
});

test.each([
  [["bnas"], 'there is no command "bnas"; did you mean "bans"?\nRun "express-bunker help" for its usage.'],
  [["xyzzyxyzzy"], 'there is no command "xyzzyxyzzy"\nRun "express-bunker help" for its usage.'],
  [["ban"], 'ban takes <address>\nRun "express-bunker help ban" for its usage.'],
  [
    ["ban", "1.2.3.4", "5.6.7.8"],
    'ban takes <address> only; "5.6.7.8" is too much\nRun "express-bunker help ban" for its usage.',
  ],
  [["bans", "now"], 'bans takes no "now"\nRun "express-bunker help bans" for its usage.'],
  [
    ["ban", "1.2.3.4", "--tll", "5"],
    'ban has no option --tll; did you mean --ttl?\nRun "express-bunker help ban" for its usage.',
  ],
  [
    ["ban", "1.2.3.4", "--ttl"],
    '--ttl takes a value: --ttl TIME\nRun "express-bunker help ban" for its usage.',
  ],
  [
    ["ban", "1.2.3.4", "--reason", "--force"],
    '--reason takes a value: --reason TEXT\nRun "express-bunker help ban" for its usage.',
  ],
  [["bans", "--json=yes"], '--json takes no value; got "yes"\nRun "express-bunker help bans" for its usage.'],
  [
    ["ban", "1.2.3.4", "--ttl", "soon"],
    '--ttl takes seconds, or a number with s, m, h, d or w ("90", "12h", "30d"), or "forever"; got "soon"\nRun "express-bunker help ban" for its usage.',
  ],
  [
    ["ban", "example.com"],
    '"example.com" is not a valid IP address or CIDR range\nRun "express-bunker help ban" for its usage.',
  ],
  [
    ["check", "1.2.3.0/24"],
    '"1.2.3.0/24" is not a valid IP address\nRun "express-bunker help check" for its usage.',
  ],
  [
    ["ban", "1.2.3.4", "--service", "a b"],
    '--service takes a name of letters, digits, dots and hyphens; got "a b"\nRun "express-bunker help ban" for its usage.',
  ],
  [
    ["bans", "--limit", "0"],
    '--limit takes a whole number from 1 to 100000; got "0"\nRun "express-bunker help bans" for its usage.',
  ],
  [
    ["bans", "--prefix", "x"],
    '--prefix and --bunkerweb go with --redis\nRun "express-bunker help bans" for its usage.',
  ],
  [
    ["bans", "--redis", "localhost"],
    '--redis takes redis://host[:port][/database] or rediss://…\nRun "express-bunker help bans" for its usage.',
  ],
  [
    ["mode", "off"],
    'mode takes one of block, detect, configured; got "off"\nRun "express-bunker help mode" for its usage.',
  ],
  [
    ["mode", "configured", "--for", "1h"],
    '--for goes with detect and block\nRun "express-bunker help mode" for its usage.',
  ],
  [
    ["mode", "detect", "--for", "53w"],
    '--for takes at most 365d\nRun "express-bunker help mode" for its usage.',
  ],
  [
    ["bunkernet", "stop"],
    'bunkernet takes one of register, ping, sync, status; got "stop"\nRun "express-bunker help bunkernet" for its usage.',
  ],
  [["help", "b\u001b[2J"], 'there is no command "b?[2J"\nRun "express-bunker help" for its usage.'],
])("%j is told what is wrong, in words", async (args, message) => {
  expect(await run(...args)).toEqual({ code: 2, out: "", err: `express-bunker: ${message}\n` });
});

describe("a terminal", () => {
  /** A terminal of 40 characters, or a pipe. */
  function fake(
    isTTY: boolean,
    env: Record<string, string> = {},
  ): { terminal: Terminal; read: () => string } {
    const out = Object.assign(new PassThrough(), { isTTY, columns: 40 });
    const err = Object.assign(new PassThrough(), { isTTY, columns: 40 });
    return {
      terminal: new Terminal(out, err, env),
      read: () => `${String(out.read() ?? "")}${String(err.read() ?? "")}`,
    };
  }
  const rows = [["45.83.64.1", { text: "deny", style: "red" as const }, "a long reason that no line holds"]];

  test("shows colours and cuts the last column", () => {
    const { terminal, read } = fake(true);
    printTable(terminal, ["ADDRESS", "VERDICT", "WHY"], rows);
    const lines = read().split("\n");
    expect(lines[1]).toBe("45.83.64.1  \u001b[31mdeny\u001b[39m     a long reason that…");
    expect(lines[0]).toContain("\u001b[1mADDRESS\u001b[22m");
  });

  test("has 80 characters where it does not know, and leaves short texts whole", () => {
    const out = Object.assign(new PassThrough(), { isTTY: true, columns: 0 });
    const terminal = new Terminal(out, new PassThrough(), { NO_COLOR: "1" });
    expect(terminal.width).toBe(80);
    printTable(terminal, ["WHAT", "LEFT"], [["x".repeat(90), "23h 59m"]]);
    expect(String(out.read())).toContain(`${"x".repeat(90)}  23h 59m\n`);
  });

  test.each([
    ["a pipe", false, {}],
    ["NO_COLOR", true, { NO_COLOR: "1" }],
    ["a dumb terminal", true, { TERM: "dumb" }],
  ])("%s gets no colours", (_what, isTTY, env) => {
    const { terminal, read } = fake(isTTY, env);
    printTable(terminal, ["ADDRESS", "VERDICT", "WHY"], rows);
    expect(read()).not.toContain("\u001b");
  });

  test("progress is shown to people only, and taken away", () => {
    const pipe = fake(false);
    pipe.terminal.progress(() => "reading");
    expect(pipe.read()).toBe("");
    const { terminal, read } = fake(true);
    terminal.progress(() => "reading");
    terminal.clearProgress();
    expect(read()).toBe("\r\u001b[Kreading\r\u001b[K");
  });
});
