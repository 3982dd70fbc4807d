import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { render, type RenderJob } from "./render.js";

// An app that is bundled into an ES module has no __dirname, and no worker file either.
const WORKER_FILE = typeof __dirname === "string" ? join(__dirname, "render-worker.js") : "";

interface Waiting {
  readonly job: RenderJob;
  resolve(bytes: Buffer): void;
  reject(error: unknown): void;
}

/** Renders in a worker or, without the worker's file (in a bundled app) or after it died, here, one job at a time. */
export class RenderThread {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;
  isOffMainThread: boolean;

  constructor(private readonly file = WORKER_FILE) {
    this.isOffMainThread = existsSync(file);
  }

  get pending(): number {
    return this.waiting.size;
  }

  render(job: RenderJob): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const number = ++this.last;
      this.waiting.set(number, { job, resolve, reject });
      if (this.isOffMainThread) this.start().postMessage({ number, job });
      else setImmediate(() => this.renderHere(number));
    });
  }

  private start(): Worker {
    if (this.worker !== undefined) return this.worker;
    // Not imported: it loads when a worker is first needed.
    const { Worker } = process.getBuiltinModule("node:worker_threads");
    const worker = new Worker(this.file);
    worker.on("message", ({ number, bytes }: { number: number; bytes: Uint8Array }) => {
      this.waiting.get(number)?.resolve(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      this.waiting.delete(number);
    });
    worker.on("error", () => this.giveUp());
    worker.on("exit", () => this.giveUp());
    // Let the process end. This comes last, since listening for messages keeps the process alive again.
    worker.unref();
    return (this.worker = worker);
  }

  private giveUp(): void {
    this.isOffMainThread = false;
    this.worker = undefined;
    for (const number of this.waiting.keys()) setImmediate(() => this.renderHere(number));
  }

  private renderHere(number: number): void {
    const waiting = this.waiting.get(number);
    if (waiting === undefined) return;
    this.waiting.delete(number);
    try {
      waiting.resolve(render(waiting.job));
    } catch (error) {
      waiting.reject(error);
    }
  }
}
