import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { stopProcess } from "../support/server-process.js";
import { bundleProgram } from "./instance.js";
import { until } from "../support/until.js";

const run = promisify(execFile);
let program: string;
let child: ChildProcess | undefined;
beforeAll(() => {
  bundleProgram("examples/cluster/app.ts", "example/app.js");
  program = bundleProgram("examples/cluster/start.ts", "example/start.js");
});
afterEach(async () => {
  if (child !== undefined) await stopProcess(child, "SIGKILL");
});

/** Starts the example; answers what it has said when it waits for Ctrl-C or has ended. */
function start(env: Record<string, string> = {}): Promise<string> {
  const started = (child = spawn(process.execPath, [program], {
    env: { ...process.env, NODE_ENV: undefined, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  }));
  let said = "";
  return new Promise((resolve) => {
    for (const stream of [started.stdout, started.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes("Ctrl-C stops everything.")) resolve(said);
      });
    }
    started.once("close", () => resolve(said));
  });
}

test("npm run example:cluster prints commands that do what it says they do, and Ctrl-C ends it", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "bunker-example-test-"));
  const text = await start();
  const commands = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => /^(curl|for) /.test(line));
  const answer = async (command: string): Promise<string> =>
    (await run("bash", ["-c", command.replaceAll("/tmp/jar", join(scratch, "jar"))])).stdout.trim();
  const answers: string[] = [];
  for (const [index, command] of commands.entries()) {
    let text = await answer(command);
    // News of a ban takes a moment, on a busy machine a longer one.
    const settled = { 2: "403", 4: "200" }[index];
    if (settled !== undefined) await until(async () => (text = await answer(command)) === settled);
    answers.push(text);
  }
  rmSync(scratch, { recursive: true, force: true });
  const [turns, banned, refused, lifted, welcome, scanner, passOne, passTwo] = answers;
  expect(answers).toHaveLength(8);
  expect(turns?.match(/"instance":"(one|two)"/g)).toEqual(
    ["one", "two", "one", "two"].map((name) => `"instance":"${name}"`),
  );
  expect(banned).toContain(`"banned":"45.83.64.1","instance":"one"`);
  expect(refused).toBe("403");
  expect(lifted).toContain(`"removed":true`);
  expect(welcome).toBe("200");
  expect(scanner).toMatch(/^(404 ){10,11}(403 ?){1,2}$/);
  expect([passOne, passTwo]).toEqual(["hello from one", "hello from two"]);

  const ended = once(child as ChildProcess, "close");
  // As in a terminal, where the signal comes from it and through the script that npm runs.
  (child as ChildProcess).kill("SIGINT");
  (child as ChildProcess).kill("SIGINT");
  // "close" comes when nobody holds its output any more: the instances and redis-server are gone, too.
  expect(await ended).toEqual([0, null]);
});

test("without redis-server it says what to install", async () => {
  const ended = start({ PATH: "/nowhere" });
  expect(await ended).toContain("apt-get install redis-server");
  expect(child?.exitCode).toBe(1);
});
