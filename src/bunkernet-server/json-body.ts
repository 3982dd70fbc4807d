import type { IncomingMessage } from "node:http";

/** A body read: an object, nothing at all, or why not. */
export type JsonBody =
  | { readonly kind: "object"; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: "none" }
  | { readonly kind: "refused"; readonly status: 400 | 408 | 413 | 429; readonly why: string };

/** How a body is read. */
export interface BodyLimits {
  /** Bytes. */
  readonly max: number;
  /** How long the client may take, in ms. */
  readonly timeout: number;
  /** Asked before a body of so many bytes is taken apart, which costs far more than to receive it; `false` = it is not. */
  readonly admits?: (bytes: number) => Promise<boolean>;
}

/** Room for a body at first; doubled as it comes. Pieces are not kept: a body in pieces of a byte would take a hundred times its size. */
const FIRST_CAPACITY = 4096;
/** All bodies being read together hold at most so many bytes. */
const MAX_TOTAL_BYTES = 128 * 1024 * 1024;
let held = 0;

/** Reads a JSON object, on GET too. Never rejects. Where a body parser ran before, what it left in `req.body` is used. */
export async function readJsonBody(req: IncomingMessage, limits: BodyLimits): Promise<JsonBody> {
  const { body } = req as { body?: unknown };
  if (typeof body === "object" && body !== null && (req.readableEnded || Object.keys(body).length > 0))
    return ofParsed(Buffer.isBuffer(body) ? parse(body.toString("utf8")) : body);
  const length = req.headers["content-length"];
  if (length === undefined && req.headers["transfer-encoding"] === undefined) return { kind: "none" };
  if (length === "0") return { kind: "none" };
  const type = req.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== undefined && type !== "application/json")
    return { kind: "refused", status: 400, why: "Content-Type must be application/json." };
  const encoding = req.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity")
    return { kind: "refused", status: 400, why: "Compressed bodies are not read." };
  if (Number(length ?? 0) > limits.max) return tooLarge(limits.max);
  const read = await readBytes(req, limits);
  if (!Buffer.isBuffer(read)) return read;
  if (read.length === 0) return { kind: "none" };
  if ((await limits.admits?.(read.length)) === false)
    return { kind: "refused", status: 429, why: "Too many large bodies." };
  return ofParsed(parse(read.toString("utf8")));
}

function readBytes(req: IncomingMessage, { max, timeout }: BodyLimits): Promise<Buffer | JsonBody> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    let size = 0;
    const end = (result: Buffer | JsonBody): void => {
      clearTimeout(timer);
      held -= bytes.length;
      req.off("data", take).off("end", whole).off("error", lost).off("close", lost);
      resolve(result);
    };
    const timer = setTimeout(
      () => end({ kind: "refused", status: 408, why: "The body took too long." }),
      timeout,
    ).unref();
    const take = (chunk: Buffer | string): void => {
      const piece = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      const needed = size + piece.length;
      if (needed > max) {
        end(tooLarge(max));
        return;
      }
      if (needed > bytes.length) {
        const room = Math.min(max, Math.max(FIRST_CAPACITY, needed, bytes.length * 2));
        if (held - bytes.length + room > MAX_TOTAL_BYTES) {
          end({ kind: "refused", status: 429, why: "Too many bodies at once." });
          return;
        }
        held += room - bytes.length;
        const grown = Buffer.alloc(room);
        bytes.copy(grown, 0, 0, size);
        bytes = grown;
      }
      piece.copy(bytes, size);
      size = needed;
    };
    const whole = (): void => end(bytes.subarray(0, size));
    const lost = (): void => end({ kind: "refused", status: 400, why: "The body ended early." });
    req.on("data", take).on("end", whole).on("error", lost).on("close", lost);
  });
}

function tooLarge(max: number): JsonBody {
  return { kind: "refused", status: 413, why: `A body has at most ${max} bytes.` };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function ofParsed(body: unknown): JsonBody {
  return typeof body === "object" && body !== null && !Array.isArray(body)
    ? { kind: "object", body: body as Record<string, unknown> }
    : { kind: "refused", status: 400, why: "The body must be a JSON object." };
}

/** A field that the client sent itself: `__proto__` and what is inherited are nobody's fields. */
export function fieldOf(body: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(body, name) ? body[name] : undefined;
}
