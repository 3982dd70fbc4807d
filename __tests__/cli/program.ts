import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The repository's root. */
const ROOT = join(__dirname, "../..");

/** How a run of the program ended. */
export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** How it is run. */
export interface HowToRun {
  /** The whole environment, but for PATH. */
  env?: Record<string, string>;
  /** Written to its standard input. */
  input?: Buffer | string;
}

/** A program built from our sources, to be run as a process of its own. */
export interface Program {
  /** The folder that it is run in: a new one, empty at first. */
  readonly folder: string;
  run(args: readonly string[], how?: HowToRun): Promise<Ran>;
  start(args: readonly string[], how?: HowToRun): ChildProcess;
  remove(): void;
}

/** Builds a program from a source file below the root. It lies as in the package, two folders below docs/. */
export function buildProgram(source: string): Program {
  mkdirSync(join(ROOT, ".tmp"), { recursive: true });
  // Below the root, so that it finds the packages.
  const home = mkdtempSync(join(ROOT, ".tmp/cli-"));
  const file = join(home, "dist/cli/main.js");
  const options = {
    absWorkingDir: ROOT,
    entryPoints: [source],
    outfile: file,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    packages: "external",
    logLevel: "warning",
    // The "paths" of tsconfig.json would do no harm, but they are the type checker's.
    tsconfigRaw: "{}",
  };
  // Not in this process: Jest's own globals confuse esbuild.
  const bundle = `require("esbuild").buildSync(${JSON.stringify(options)})`;
  execFileSync(process.execPath, ["-e", bundle], { cwd: ROOT });
  // The bundle's __dirname is dist/cli, and src/version.ts looks one folder above its own.
  writeFileSync(join(home, "dist/package.json"), '{ "name": "express-bunker", "version": "1.2.3-test" }');
  cpSync(join(ROOT, "docs/errors.md"), join(home, "docs/errors.md"));
  const folder = join(home, "work");
  mkdirSync(folder);
  const start = (args: readonly string[], { env = {}, input }: HowToRun = {}): ChildProcess => {
    const child = spawn(process.execPath, [file, ...args], {
      cwd: folder,
      env: { PATH: process.env["PATH"], ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    return child;
  };
  return {
    folder,
    start,
    async run(args, how) {
      const child = start(args, how);
      let out = "";
      let err = "";
      child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
      child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
      const [code] = (await once(child, "close")) as [number | null];
      return { code, out, err };
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** Resolves when a process has printed what `pattern` matches; rejects when it ends before. */
export async function printed(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  let said = "";
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      const found = pattern.exec(said);
      if (found !== null) resolve(found);
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.once("close", () => reject(new Error(`it ended, having said: ${said}`)));
  });
}
