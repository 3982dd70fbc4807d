import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** The repository's root. */
export const ROOT = join(__dirname, "../..");

/** Ends a process that hangs; no test waits for it when all is well. */
const LIMIT_MS = 240_000;

/** A packed package. */
export interface Tarball {
  /** Its path. */
  file: string;
  /** Paths of the files in it, sorted. */
  files: string[];
  /** Its size in bytes. */
  packedSize: number;
  remove(): void;
}

/** Packs what `npm run build` made. */
export async function pack(): Promise<Tarball> {
  const folder = mkdtempSync(join(tmpdir(), "express-bunker-pack-"));
  const output = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], ROOT);
  const [packed] = JSON.parse(output) as [{ filename: string; size: number; files: { path: string }[] }];
  return {
    file: join(folder, packed.filename),
    files: packed.files.map(({ path }) => path).sort(),
    packedSize: packed.size,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Runs a command in `folder` and answers its standard output; rejects with all of its output when it fails. */
export async function run(
  command: string,
  args: readonly string[],
  folder: string,
  env: Record<string, string | undefined> = {},
): Promise<string> {
  try {
    // NODE_ENV is Jest's; no program under test should see it.
    const options = { cwd: folder, env: { ...process.env, NODE_ENV: undefined, ...env }, timeout: LIMIT_MS };
    return (await promisify(execFile)(command, args, options)).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(" ")}\n${stdout ?? ""}${stderr ?? ""}`, { cause: error });
  }
}

/** Runs a Node script; see {@link run}. */
export const runNode = (args: readonly string[], folder: string): Promise<string> =>
  run(process.execPath, args, folder);
