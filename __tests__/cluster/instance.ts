import { execFileSync, fork, type ChildProcess, type StdioOptions } from "node:child_process";
import { join } from "node:path";
import { stopProcess } from "../support/server-process.js";

/** What an instance is asked by the test. */
export interface Question {
  readonly id: number;
  readonly what: "ban" | "ban in Redis" | "unban" | "is banned" | "evidence";
  readonly ip: string;
}

/** What it answers. */
export interface Answer {
  readonly id: number;
  readonly value?: boolean | number[];
  readonly error?: string;
}

/** The secret that all instances share. */
export const SECRET = "one secret for all instances";

const ROOT = join(__dirname, "../..");
/** How long an instance may take to start, or to answer, in ms: a cold disk and busy cores are no failure. */
const PATIENCE = 30_000;

/** Bundles a program for Node, as `file`; answers where that is. Test files that run at the same time name different ones. */
export function bundleProgram(source: string, file: string): string {
  const outfile = join(ROOT, ".tmp/cluster-tests", file);
  const options = { entryPoints: [join(ROOT, source)], outfile, bundle: true, platform: "node" };
  const more = { format: "cjs", target: "node20", packages: "external", logLevel: "warning" };
  // Not in this process: Jest's own globals confuse esbuild.
  const program = `require("esbuild").buildSync(${JSON.stringify({ ...options, ...more })})`;
  execFileSync(process.execPath, ["-e", program], { cwd: ROOT });
  return outfile;
}

/** One instance of the app: a process. */
export class Instance {
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private count = 0;

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {
    child.on("message", (answer: Answer) => this.waiting.get(answer.id)?.(answer));
    child.once("exit", () => {
      for (const [id, settle] of this.waiting) settle({ id, error: "the instance is gone" });
    });
  }

  /** Starts one; resolves when it listens. */
  static start(program: string, redisUrl: string, env: Record<string, string> = {}): Promise<Instance> {
    // No stream of ours is inherited: an instance that a failed test left behind would keep Jest waiting for its end.
    const stdio: StdioOptions = ["ignore", "ignore", "ignore", "ipc"];
    const variables = { ...process.env, SESSIONS_SECRET: SECRET, ...env };
    const child = fork(program, [redisUrl], { env: variables, stdio });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill("SIGKILL");
        reject(new Error("an instance does not start"));
      }, PATIENCE);
      child.once("exit", (code, signal) => {
        clearTimeout(timer);
        reject(new Error(`an instance ended with ${code ?? signal}`));
      });
      child.once("message", ({ port }: { port: number }) => {
        clearTimeout(timer);
        resolve(new Instance(child, `http://127.0.0.1:${port}`));
      });
    });
  }

  /** Asks it something; rejects when it fails, or is gone. */
  async ask(what: Question["what"], ip = ""): Promise<NonNullable<Answer["value"]>> {
    const id = ++this.count;
    const { value, error } = await new Promise<Answer>((resolve) => {
      const timer = setTimeout(() => resolve({ id, error: `no answer to "${what}"` }), PATIENCE);
      this.waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.child.send({ id, what, ip } satisfies Question, (failed) => {
        if (failed !== null) this.waiting.get(id)?.({ id, error: String(failed) });
      });
    });
    this.waiting.delete(id);
    if (value === undefined) throw new Error(error);
    return value;
  }

  /** kill -9. */
  kill(): Promise<void> {
    return stopProcess(this.child, "SIGKILL");
  }
}
