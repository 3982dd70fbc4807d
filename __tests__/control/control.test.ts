import fc from "fast-check";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askControl } from "../../src/control/ask-control.js";
import { Controls, controlServer, type Control } from "../../src/control/index.js";
import { bunker, BunkerOptionsError, MemoryStore, type Bunker } from "../../src/index.js";

const CLIENT = "45.83.64.1";
const nobody = (): Promise<never> => Promise.reject(new Error("nobody is asked"));
const resolver = { resolve4: nobody, resolve6: nobody, resolveTxt: nobody, reverse: nobody };

let folder: string;
let path: string;
let app: Bunker;
let control: Control | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ctl-"));
  path = join(folder, "app.sock");
  app = bunker({ store: new MemoryStore(), bunkernet: false, logger: false });
});
afterEach(async () => {
  await control?.close();
  control = undefined;
  await app.close();
  rmSync(folder, { recursive: true, force: true });
});

const parts = () => ({
  bans: app.bans,
  explain: (subject: Parameters<Bunker["explain"]>[0]) => app.explain(subject),
  lookups: { resolver, asn: () => "AS64500", country: () => Promise.reject(new Error("down")) },
  mode: app.mode.bind(app),
  health: () => app.health(),
  bunkernet: app.bunkernet,
});
const open = async (): Promise<Control> => (control = await controlServer(parts(), { path }));

/** Sends bytes and answers all that came back until the connection was over. */
async function send(bytes: string | Buffer, end = false): Promise<string> {
  const socket = connect(path);
  let answer = "";
  socket.on("data", (chunk) => (answer += chunk.toString()));
  socket.on("error", () => undefined);
  if (end) socket.end(bytes);
  else socket.write(bytes);
  await once(socket, "close");
  return answer;
}

describe("what it does", () => {
  test("bans, lists, explains, lifts, and says how the app fares", async () => {
    await open();
    const ban = await askControl(path, { command: "ban", ip: CLIENT, ttl: 3600, reason: "by hand" });
    expect(ban).toMatchObject({ ip: CLIENT, reason: "by hand", scope: "global" });
    expect(await app.bans.get(CLIENT)).toMatchObject({ reason: "by hand" });
    expect(await askControl(path, { command: "bans" })).toMatchObject({ total: 1, bans: [{ ip: CLIENT }] });
    const { explanation, address } = await askControl(path, { command: "check", ip: CLIENT });
    expect(explanation).toMatchObject({ verdict: "deny", by: "bans" });
    // A database may answer in words; one that fails knows nothing.
    expect(address).toEqual({ ip: CLIENT, zones: [], asn: 64500 });
    expect(await askControl(path, { command: "unban", ip: CLIENT })).toEqual({ removed: true });
    expect(await askControl(path, { command: "unban", ip: CLIENT })).toEqual({ removed: false });
    expect(await askControl(path, { command: "health" })).toMatchObject({ ok: true });
  });

  test("shows the mode, sets it, and undoes that", async () => {
    await open();
    const configured = { mode: "block", configured: "block" };
    expect(await askControl(path, { command: "mode" })).toEqual(configured);
    const set = await askControl(path, { command: "mode", mode: "detect", for: 60 });
    expect(set).toEqual({ ...configured, mode: "detect", until: app.mode().until?.toISOString() });
    expect(await askControl(path, { command: "mode", mode: "configured" })).toEqual(configured);
    await expect(askControl(path, { command: "mode", mode: "detect", for: 1e9 })).rejects.toMatchObject({
      code: "ERR_BUNKER_OPTIONS",
    });
    expect(app.mode()).toEqual(configured);
  });

  test("a list is cut at its limit and says how long it is", async () => {
    await open();
    for (let last = 1; last <= 5; last++) await app.bans.add(`45.83.64.${last}`, { ttl: 60 });
    const { bans, total } = await askControl(path, { command: "bans", limit: 2 });
    expect([bans.length, total]).toEqual([2, 5]);
  });

  test("R26 what needs force is refused in the app's own words", async () => {
    await open();
    await expect(askControl(path, { command: "ban", ip: "0.0.0.0/1" })).rejects.toMatchObject({
      code: "ERR_BUNKER_BAN_WIDE",
      message: expect.stringContaining("wider than /8"),
    });
    expect(await app.bans.list()).toEqual([]);
    await askControl(path, { command: "ban", ip: "0.0.0.0/1", force: true });
    expect(await app.bans.list()).toHaveLength(1);
  });

  test("what an app does not have is an answer, too", async () => {
    await open();
    await expect(askControl(path, { command: "bunkernet", action: "status" })).rejects.toThrow(
      "BunkerNet is off in this app",
    );
  });
});

describe("where it is", () => {
  test("nobody but its user may open it, whatever the umask", async () => {
    const before = process.umask(0);
    try {
      await open();
    } finally {
      process.umask(before);
    }
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["app.sock"]);
  });

  test("close removes it; calling it twice is harmless", async () => {
    const made = await open();
    await made.close();
    await made.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("close leaves alone what took its place", async () => {
    const made = await open();
    rmSync(path);
    writeFileSync(path, "mine");
    await made.close();
    expect(existsSync(path)).toBe(true);
  });

  test("one that a killed process left is replaced", async () => {
    await leftBehind();
    chmodSync(path, 0o600);
    await open();
    expect(await askControl(path, { command: "health" })).toMatchObject({ ok: true });
  });

  test("a dead socket that others could open is not ours, and stays", async () => {
    await leftBehind();
    chmodSync(path, 0o666);
    await expect(open()).rejects.toThrow("a socket that is not ours is there");
    expect(lstatSync(path).isSocket()).toBe(true);
  });

  test.each([
    ["a file", () => writeFileSync(path, "text")],
    ["a folder", () => mkdirSync(path)],
    ["a link", () => symlinkSync("/nowhere", path)],
  ])("%s in its place stays, and is told of", async (_what, make) => {
    make();
    const { ino } = lstatSync(path);
    await expect(open()).rejects.toMatchObject({
      code: "ERR_BUNKER_CONTROL",
      message: expect.stringContaining("something else is there"),
    });
    expect(lstatSync(path).ino).toBe(ino);
    expect(readdirSync(folder)).toEqual(["app.sock"]);
  });

  test("a second app does not take the first one's", async () => {
    await open();
    await expect(controlServer(parts(), { path })).rejects.toThrow("another process listens there");
    expect(await askControl(path, { command: "health" })).toMatchObject({ ok: true });
  });

  test("a folder that is not there is told of", async () => {
    path = join(folder, "missing/app.sock");
    await expect(open()).rejects.toThrow("there is no such folder");
  });

  test.each([["a".repeat(91)], [""], [7]])("%p is no path", async (wrong) => {
    await expect(controlServer(parts(), { path: wrong as string })).rejects.toThrow(BunkerOptionsError);
  });

  test("all of an app's sockets close with it", async () => {
    const controls = new Controls(parts());
    await controls.control({ path });
    await controls.control({ path: join(folder, "other.sock") });
    await expect(controls.control({ path })).rejects.toThrow("another process listens there");
    await controls.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  // A socket file that nobody listens on, as kill -9 leaves it.
  async function leftBehind(): Promise<void> {
    const dying: Server = createServer();
    dying.listen(join(folder, "d"));
    await once(dying, "listening");

    renameSync(join(folder, "d"), path);
    dying.close();
    await once(dying, "close");
  }
});

describe("who means harm", () => {
  test.each([
    ["no JSON", "hello\n", "a request is one line of JSON"],
    ["another protocol", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "a request is one line of JSON"],
    ["no object", "[1]\n", "a request is an object with a command"],
    ["nothing", "null\n", "a request is an object with a command"],
    ["no command", "{}\n", "a command is one of bans, ban, unban, check, mode, health, bunkernet"],
    ["no such command", '{"command":"constructor"}\n', "a command is one of"],
    ["no address", '{"command":"ban","ip":"example.com"}\n', "ip must be an IP address or CIDR range"],
    ["no length of time", '{"command":"ban","ip":"8.8.8.8","ttl":-1}\n', "ttl must be a whole number"],
    [
      "no service",
      '{"command":"unban","ip":"8.8.8.8","service":"a|b"}\n',
      "service must be a service's name",
    ],
    ["no mode", '{"command":"mode","mode":"off"}\n', "mode must be block, detect or configured"],
    ["no time", '{"command":"mode","mode":"block","for":"1h"}\n', "for must be a whole number of seconds"],
    ["a long reason", `{"command":"ban","ip":"8.8.8.8","reason":"${"x".repeat(2000)}"}\n`, "reason must be"],
    ["headers of anything", '{"command":"check","ip":"8.8.8.8","headers":{"a":1}}\n', "headers must be"],
    ["no action", '{"command":"bunkernet","action":"stop"}\n', "action must be"],
    ["bytes", Buffer.from([0xff, 0xfe, 0x00, 0x0a]), "a request is one line of JSON"],
  ])("%s is answered, and changes nothing", async (_what, bytes, message) => {
    await open();
    const answer = JSON.parse(await send(bytes)) as { ok: boolean; error: { message: string } };
    expect(answer.ok).toBe(false);
    expect(answer.error.message).toContain(message);
    expect(await app.bans.list()).toEqual([]);
  });

  test("a line without an end is read up to 64 KiB, and no further", async () => {
    await open();
    const answer = await send(Buffer.alloc(80 * 1024, "x"));
    expect(answer).toContain("a request has at most 65536 bytes");
  });

  test("who says nothing, or half a line, is let go when they close", async () => {
    await open();
    expect(await send("", true)).toBe("");
    expect(await send('{"command":', true)).toBe("");
  });

  test("what follows the line is not looked at", async () => {
    await open();
    const answer = await send('{"command":"health"}\n{"command":"ban","ip":"8.8.8.8"}\n');
    expect(JSON.parse(answer)).toMatchObject({ ok: true });
    expect(await app.bans.list()).toEqual([]);
  });

  test("more than eight at a time are turned away; the others go on", async () => {
    await open();
    const idle = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const socket = connect(path);
        await once(socket, "connect");
        return socket;
      }),
    );
    await expect(askControl(path, { command: "health" })).rejects.toMatchObject({
      code: "ERR_BUNKER_CONTROL",
    });
    for (const socket of idle) {
      socket.end('{"command":"health"}\n');
      await once(socket.resume(), "close");
    }
    expect(await askControl(path, { command: "health" })).toMatchObject({ ok: true });
  });

  test("any JSON gets one line of JSON, and never breaks the socket", async () => {
    await open();
    const command = fc.constantFrom("bans", "ban", "unban", "check", "health", "bunkernet", "__proto__");
    const fields = fc.record(
      { command, ip: fc.jsonValue(), ttl: fc.jsonValue(), service: fc.jsonValue(), url: fc.string() },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(fields, fc.jsonValue()), async (value) => {
        const lines = (await send(`${JSON.stringify(value)}\n`)).split("\n");
        expect(lines).toHaveLength(2);
        expect(typeof (JSON.parse(lines[0] as string) as { ok: unknown }).ok).toBe("boolean");
      }),
      { numRuns: 150 },
    );
    expect(await askControl(path, { command: "health" })).toMatchObject({ ok: true });
  });

  test("nobody there, and a server of another kind, are told apart", async () => {
    await expect(askControl(path, { command: "health" })).rejects.toThrow("there is no such file");
    const other = createServer((socket) => socket.resume().end("220 mail\r\n"));
    other.listen(path);
    await once(other, "listening");
    await expect(askControl(path, { command: "health" })).rejects.toThrow("without an answer");
    other.close();
    await once(other, "close");
  });
});
