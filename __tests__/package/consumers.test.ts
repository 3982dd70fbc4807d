import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { earnPass } from "../../bench/harness/visitor.js";
import { ROOT, pack, run, runNode, type Tarball } from "./tarball.js";

/** The hosts, and what a project on each of them installs. TypeScript itself is ours. */
const HOSTS = {
  express4: { program: "express", packages: { express: "^4.22.3", "@types/express": "^4.17.25" } },
  express5: { program: "express", packages: { express: "^5.3.0", "@types/express": "^5.0.6" } },
  connect: { program: "connect", packages: { connect: "^3.7.0", "@types/connect": "^3.4.38" } },
} as const;
type Host = keyof typeof HOSTS;

const hosts = Object.keys(HOSTS) as Host[];
const { exports: exportMap } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  exports: Record<string, unknown>;
};
const subpaths = Object.keys(exportMap)
  .filter((key) => key !== "./package.json")
  .map((key) => `express-bunker${key.slice(1)}`);

const MODULES = ["node16", "nodenext"];

let tarball: Tarball;
let compiled: Promise<Record<string, Record<string, string>>> | undefined;
let workspace: string;
const folderOf = (host: Host): string => join(workspace, host);

beforeAll(async () => {
  tarball = await pack();
  workspace = mkdtempSync(join(tmpdir(), "express-bunker-consumers-"));
  await Promise.all(hosts.map(install));
});
afterAll(() => {
  tarball.remove();
  rmSync(workspace, { recursive: true, force: true });
});

async function install(host: Host): Promise<void> {
  const { program, packages } = HOSTS[host];
  const folder = folderOf(host);
  const consumers = join(__dirname, "consumers");
  for (const ending of ["cjs", "mjs", "ts"]) {
    cpSync(join(consumers, `${program}.${ending}`), join(folder, `${program}.${ending}`));
  }
  // The same program, read as an ES module.
  cpSync(join(consumers, `${program}.ts`), join(folder, `${program}.mts`));
  const dependencies = { ...packages, "@types/node": "^20.19.43", "express-bunker": `file:${tarball.file}` };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, dependencies }));
  await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--no-package-lock"], folder);
}

/** Compiles the programs of all hosts; answers what the compiler prints, by folder and module. */
async function compileAll(): Promise<Record<string, Record<string, string>>> {
  const jobs = hosts.map((host) => {
    const { program } = HOSTS[host];
    return { folder: folderOf(host), files: [`${program}.ts`, `${program}.mts`], modules: MODULES };
  });
  const printed = await runNode([join(__dirname, "compile.cjs"), JSON.stringify(jobs)], ROOT);
  return JSON.parse(printed) as Record<string, Record<string, string>>;
}

/** Starts a program that prints its port, and hands its origin to `use`. */
async function whileRunning(
  host: Host,
  file: string,
  nodeEnv: string | undefined,
  use: (origin: string) => Promise<void>,
): Promise<void> {
  const child = spawn(process.execPath, [file], {
    cwd: folderOf(host),
    env: { ...process.env, NODE_ENV: nodeEnv },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  try {
    const port = await Promise.race([firstNumber(child), ended(child)]);
    if (port === undefined) throw new Error(`${file} ended before it listened:\n${complaints}`);
    await use(`http://127.0.0.1:${port}`);
    // A ban is told of there, and that is all.
    expect(complaints).not.toMatch(/WRN_BUNKER|ERR_BUNKER|Warning|Error/);
  } finally {
    if (child.exitCode === null) {
      child.kill();
      await once(child, "exit");
    }
  }
}

async function firstNumber(child: ChildProcess): Promise<number | undefined> {
  for await (const line of createInterface({ input: child.stdout! })) {
    if (/^\d+$/.test(line)) return Number(line);
  }
  return undefined;
}

async function ended(child: ChildProcess): Promise<undefined> {
  await once(child, "exit");
  return undefined;
}

function statusOf(url: string, address: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { "X-Forwarded-For": address }, agent: false }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode));
    })
      .once("error", reject)
      .end();
  });
}

describe.each(hosts)("installed beside %s", (host) => {
  const { program } = HOSTS[host];

  describe.each(["cjs", "mjs"])("a program in .%s", (ending) => {
    test.each([["production"], [undefined]])(
      "bans and lets browsers in under NODE_ENV=%s",
      async (nodeEnv) => {
        await whileRunning(host, `${program}.${ending}`, nodeEnv, async (origin) => {
          const agent = new Agent({ keepAlive: true });
          await expect(earnPass(origin, "8.8.4.4", agent)).resolves.toContain("=");
          agent.destroy();
          expect(await statusOf(`${origin}/`, "8.8.4.4")).toBe(403);

          const statuses: (number | undefined)[] = [];
          for (const path of ["a", "b", "c", "d"])
            statuses.push(await statusOf(`${origin}/api/${path}`, "45.83.64.1"));
          expect(statuses).toEqual([404, 404, 404, 403]);
          expect(await statusOf(`${origin}/api/a`, "8.8.4.4")).toBe(404);
        });
      },
    );
  });

  test.each(MODULES)(
    "a TypeScript program compiles with module %s",
    async (module) => {
      // All are compiled when the first is asked for.
      compiled ??= compileAll();
      expect((await compiled)[folderOf(host)]?.[module]).toBe("");
    },
    240_000,
  );
});

describe("the exports map", () => {
  const folder = (): string => folderOf("connect");

  test.each(subpaths)("require and import of %s give the same names and start nothing", async (name) => {
    // The process has to end by itself: an open handle would keep it until its time is up.
    const code = `
      const required = require(${JSON.stringify(name)});
      import(${JSON.stringify(name)}).then((imported) => {
        const names = Object.keys(required).filter((key) => key !== "__esModule");
        const same = names.filter((key) => imported[key] === required[key]);
        const started = process.getActiveResourcesInfo().filter((kind) => !/Pipe|TTY|File|FS/.test(kind));
        console.log(JSON.stringify({ names, same, started }));
      });`;
    const seen = JSON.parse(await runNode(["-e", code], folder())) as Record<
      "names" | "same" | "started",
      string[]
    >;
    expect(seen.names.length).toBeGreaterThan(0);
    expect(seen.same).toEqual(seen.names);
    expect(seen.started).toEqual([]);
  });

  test("package.json can be read, other files cannot", async () => {
    const code = `
      console.log(require("express-bunker/package.json").name);
      try { require("express-bunker/dist/index.js"); } catch (error) { console.log(error.code); }`;
    expect(await runNode(["-e", code], folder())).toBe("express-bunker\nERR_PACKAGE_PATH_NOT_EXPORTED\n");
  });
});
