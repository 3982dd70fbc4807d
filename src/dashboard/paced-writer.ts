import type { ServerResponse } from "node:http";

/** A client that takes nothing for so long is given up, in ms. */
const MAX_STALL_MS = 60_000;

/** Writes a long response as fast as its client takes it. */
export class PacedWriter {
  private wake: () => void = () => undefined;
  private isOver = false;

  // One listener for all waits: middleware that wraps the response may not let go of them.
  constructor(private readonly res: ServerResponse) {
    const over = (): void => {
      this.isOver = true;
      this.wake();
    };
    res.on("drain", () => this.wake());
    res.on("close", over);
    res.on("error", over);
  }

  /** Resolves when the connection takes more; `false` = the client is gone. */
  async write(text: string): Promise<boolean> {
    if (this.isOver) return false;
    if (text === "" || this.res.write(text)) return true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.res.destroy(), MAX_STALL_MS).unref();
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return !this.isOver;
  }
}
