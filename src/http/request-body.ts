import type { IncomingMessage } from "node:http";
import type { BodyBudget, HeldBody } from "./body-budget.js";

/** How much of a request's body is read. */
export interface BodyLimits {
  /** In bytes. */
  readonly max: number;
  /** How long the client may take, in ms. Default: as long as the server lets it. */
  readonly timeout?: number;
  /** Shared by bodies that are read at the same time. */
  readonly budget?: BodyBudget;
}

/** Why a body was not read. `busy` = the budget is used up. */
export type BodyProblem = "too large" | "too slow" | "closed" | "busy";

/**
 * The buffer for a body at first; it doubles as needed. Chunks are not kept: one-byte chunks would take a hundred times their
 * size. A body of which nothing has arrived counts as much, for its connection takes memory, too.
 */
const FIRST_CAPACITY = 4096;

/** Reads the whole body of an incoming request, or returns why not. Never rejects. */
export function readBody(req: IncomingMessage, limits: BodyLimits): Promise<Buffer | BodyProblem> {
  const { max, timeout, budget } = limits;
  if (Number(req.headers["content-length"] ?? 0) > max) return Promise.resolve("too large");
  if (req.readableEnded || req.destroyed) return Promise.resolve("closed");
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    let size = 0;
    const held: HeldBody = { bytes: 0, drop: () => finish("busy") };
    const finish = (result: Buffer | BodyProblem): void => {
      clearTimeout(timer);
      budget?.release(held);
      req.off("data", take).off("end", whole).off("error", closed).off("close", closed);
      resolve(result);
    };
    const timer = timeout === undefined ? undefined : setTimeout(() => finish("too slow"), timeout).unref();
    const take = (chunk: Buffer | string): void => {
      const piece = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      const needed = size + piece.length;
      if (needed > max) {
        finish("too large");
        return;
      }
      if (needed > bytes.length) {
        const capacity = Math.min(max, Math.max(FIRST_CAPACITY, needed, bytes.length * 2));
        if (budget?.reserve(held, capacity) === false) {
          finish("busy");
          return;
        }
        const grown = Buffer.alloc(capacity);
        bytes.copy(grown, 0, 0, size);
        bytes = grown;
      }
      piece.copy(bytes, size);
      size = needed;
    };
    const whole = (): void => finish(bytes.subarray(0, size));
    const closed = (): void => finish("closed");
    if (budget?.reserve(held, FIRST_CAPACITY) === false) finish("busy");
    else req.on("data", take).on("end", whole).on("error", closed).on("close", closed);
  });
}
