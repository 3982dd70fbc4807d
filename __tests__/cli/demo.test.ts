import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ask } from "../support/ask.js";
import { stopProcess } from "../support/server-process.js";
import { buildProgram, printed, type Program } from "./program.js";

let program: Program;
beforeAll(() => {
  program = buildProgram("src/cli/main.ts");
});
afterAll(() => program.remove());

test("what it prints does what it says", async () => {
  const child = program.start(["demo", "--port", "0"]);
  try {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await printed(child, /Ctrl-C stops the demo\./);
    const url = /http:\/\/localhost:\d+/.exec(text)?.[0] as string;
    expect(await ask(url, "/")).toMatchObject({ status: 403 });

    const commands = text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => /^(curl|for|npx) /.test(line));
    expect(commands).toHaveLength(9);
    const shell = async (command: string): Promise<string> => {
      const [, ...args] = command.startsWith("npx ") ? command.slice(4).split(" ") : [];
      if (args.length > 0) return (await program.run(args)).out;
      return (
        await promisify(execFile)(
          "bash",
          ["-c", command.replaceAll("/tmp/jar", join(program.folder, "jar"))],
          { cwd: program.folder },
        )
      ).stdout.trim();
    };
    const answers: string[] = [];
    for (const command of commands) answers.push(await shell(command));
    const [noCookies, cookies, scanner, banned, other, bans, check, unban, again] = answers;
    expect(noCookies).toBe("403");
    expect(cookies).toMatch(/^200 .*\/challenge(\?|$)/);
    expect([banned, other]).toEqual(["403", "200"]);
    expect(scanner).toBe(`${"404 ".repeat(10)}403 403`);
    expect(bans).toMatch(/^45\.83\.64\.1 +default +bad behavior/m);
    expect(check).toContain("It would be refused: by bans");
    expect(unban).toBe("45.83.64.1 is no longer banned.\n");
    expect(again).toBe("200");
    const [, password = ""] = /\(name: admin, password: ([\w-]+)\)/.exec(text) ?? [];
    const headers = { Authorization: `Basic ${Buffer.from(`admin:${password}`).toString("base64")}` };
    expect((await ask(url, "/_bunker/api/session")).status).toBe(401);
    const overview = await ask(url, "/_bunker/api/overview", { headers });
    expect(overview.json).toMatchObject({ counts: { now: { banned: 1, unbanned: 1 } } });
    expect((await ask(url, "/_bunker", { headers })).headers.location).toBe("./_bunker/");
  } finally {
    await stopProcess(child);
  }
  expect(child.exitCode).toBe(0);
  expect(existsSync(join(program.folder, ".express-bunker.sock"))).toBe(false);
});

test("a port that is taken, and a control socket that is another app's", async () => {
  const child = program.start(["demo", "--port", "0"]);
  try {
    const [, port] = await printed(child, /http:\/\/localhost:(\d+)/);
    const other = await program.run(["demo", "--port", "0"]);
    expect(other).toMatchObject({
      code: 1,
      err: "express-bunker: no control socket at .express-bunker.sock: another process listens there\n",
    });
    const taken = await program.run(["demo", "--port", port as string, "--control", "second.sock"]);
    expect(taken).toMatchObject({
      code: 1,
      err: `express-bunker: port ${port as string} is taken; choose another one with --port\n`,
    });
    expect(existsSync(join(program.folder, "second.sock"))).toBe(false);
  } finally {
    await stopProcess(child);
  }
});

test("kill -9 leaves a socket behind; the next demo takes its place", async () => {
  const child = program.start(["demo", "--port", "0"]);
  await printed(child, /Ctrl-C/);
  await stopProcess(child, "SIGKILL");
  expect(existsSync(join(program.folder, ".express-bunker.sock"))).toBe(true);
  const next = program.start(["demo", "--port", "0"]);
  await printed(next, /Ctrl-C/);
  expect((await program.run(["bans"])).out).toBe("Nobody is banned.\n");
  await stopProcess(next);
});

test("it needs no other package: it runs where Express cannot be loaded", async () => {
  const hook = `const { Module } = require("node:module"); const load = Module._resolveFilename;
Module._resolveFilename = function (name, ...rest) {
  if (name === "express") throw new Error("Express was loaded");
  return load.call(this, name, ...rest);
};`;
  mkdirSync(join(program.folder, "hook"), { recursive: true });
  const file = join(program.folder, "hook/no-express.cjs");
  writeFileSync(file, hook);
  const child = program.start(["demo", "--port", "0"], { env: { NODE_OPTIONS: `--require ${file}` } });
  const [url] = await printed(child, /http:\/\/localhost:\d+/);
  const order = {
    method: "POST",
    body: "loaf=Oat+loaf",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
  };
  expect(await ask(url, "/order", order)).toMatchObject({ status: 403 });
  expect(await ask(url, "/api/hello")).toMatchObject({ status: 200, text: '{"hello":"127.0.0.1"}' });
  await stopProcess(child);
});
