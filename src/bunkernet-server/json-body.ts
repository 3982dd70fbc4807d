import type { IncomingMessage } from "node:http";
import { BodyBudget } from "../http/body-budget.js";
import { readBody, type BodyLimits, type BodyProblem } from "../http/request-body.js";

/** The body of a request: an object, absent, or refused. */
export type JsonBody =
  | { readonly kind: "object"; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: "none" }
  | { readonly kind: "refused"; readonly status: 400 | 408 | 413 | 429; readonly why: string };

/** Limits of a JSON body. */
export interface JsonBodyLimits extends BodyLimits {
  /** Called with the size before the body is parsed, which costs more than receiving it; `false` = refuse it. */
  readonly admits?: (bytes: number) => Promise<boolean>;
}

/** All bodies that are being read together. */
const BUDGET = new BodyBudget(128 * 1024 * 1024, "refuse");

/** Reads a JSON object, on GET too. Never rejects. Uses `req.body` if a body parser ran before. */
export async function readJsonBody(req: IncomingMessage, limits: JsonBodyLimits): Promise<JsonBody> {
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
    return { kind: "refused", status: 400, why: "Compressed bodies are not accepted." };
  const read = await readBody(req, { ...limits, budget: BUDGET });
  if (!Buffer.isBuffer(read)) return refused(read, limits.max);
  if (read.length === 0) return { kind: "none" };
  if ((await limits.admits?.(read.length)) === false)
    return { kind: "refused", status: 429, why: "Too many large bodies." };
  return ofParsed(parse(read.toString("utf8")));
}

function refused(problem: BodyProblem, max: number): JsonBody {
  const [status, why] = {
    "too large": [413, `A body has at most ${max} bytes.`] as const,
    "too slow": [408, "The body took too long."] as const,
    closed: [400, "The body ended early."] as const,
    busy: [429, "Too many bodies at once."] as const,
  }[problem];
  return { kind: "refused", status, why };
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

/** An own field of the body, never an inherited one. */
export function fieldOf(body: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(body, name) ? body[name] : undefined;
}
