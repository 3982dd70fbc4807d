import type { IncomingMessage } from "node:http";
import { BodyBudget } from "../http/body-budget.js";
import { readBody } from "../http/request-body.js";

/** The fields of a posted form in their order, or why they could not be read: the status that says so. */
type FormPairs = { readonly pairs: readonly (readonly [string, string])[] } | FormProblem;

/** The status that says why a form was not read: 408 = it took too long, 503 = too many are being read. */
interface FormProblem {
  readonly status: 400 | 408 | 413 | 415 | 503;
}

/** Forms with more fields are refused. */
const MAX_FIELDS = 256;
/** How long a client may take to send a form, in ms. */
const DEADLINE_MS = 10_000;
/** All forms that are being read in this process: 16 MB, 512 of the longest. */
const BUDGET = new BodyBudget(16 * 1024 * 1024, "drop oldest");

/** Reads a form like {@link readPairs}; repeated names are refused, too. */
export async function readForm(
  req: IncomingMessage,
  limit: number,
): Promise<{ readonly fields: ReadonlyMap<string, string> } | FormProblem> {
  const { body } = req as { body?: unknown };
  if (typeof body === "object" && body !== null && Object.values(body).some(Array.isArray))
    return { status: 400 };
  const form = await readPairs(req, limit, { json: true });
  if ("status" in form) return form;
  const fields = new Map(form.pairs);
  return fields.size === form.pairs.length ? { fields } : { status: 400 };
}

/**
 * Reads an `application/x-www-form-urlencoded` body (with `json`, a flat JSON object, too) of at most `limit` bytes. Where a
 * body parser ran first, `req.body` is used. Values that are not text are refused.
 */
export async function readPairs(
  req: IncomingMessage,
  limit: number,
  accept: { json?: boolean } = {},
): Promise<FormPairs> {
  const type = (req.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  const json = type === "application/json";
  if (type !== "application/x-www-form-urlencoded" && !(json && accept.json === true)) return { status: 415 };
  const { body } = req as { body?: unknown };
  // Some parsers leave an empty object where they parsed nothing: then the stream has yet to be read.
  const parsed = typeof body === "object" && body !== null && !Buffer.isBuffer(body);
  if (parsed && (Object.keys(body).length > 0 || req.readableEnded)) return ofObject(body, limit);
  const text =
    typeof body === "string" || Buffer.isBuffer(body) ? body.toString() : await readText(req, limit);
  if (typeof text === "object") return text;
  if (text.length > limit) return { status: 413 };
  return json ? ofJson(text, limit) : ofPairs([...new URLSearchParams(text)], limit);
}

async function readText(req: IncomingMessage, limit: number): Promise<string | FormProblem> {
  const body = await readBody(req, { max: limit, timeout: DEADLINE_MS, budget: BUDGET });
  if (Buffer.isBuffer(body)) return body.toString("utf8");
  if (body === "closed") return "";
  return { status: body === "too slow" ? 408 : body === "busy" ? 503 : 413 };
}

function ofJson(text: string, limit: number): FormPairs {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))
      return ofPairs(Object.entries(parsed), limit);
  } catch {
    // Text that is not JSON is a bad request.
  }
  return { status: 400 };
}

// What a body parser made: a repeated name is an array.
function ofObject(body: object, limit: number): FormPairs {
  return ofPairs(
    Object.entries(body).flatMap(([name, value]: [string, unknown]) =>
      Array.isArray(value) ? value.map((one: unknown) => [name, one] as const) : [[name, value] as const],
    ),
    limit,
  );
}

function ofPairs(pairs: readonly (readonly [string, unknown])[], limit: number): FormPairs {
  if (pairs.length > MAX_FIELDS || !pairs.every(isTextPair)) return { status: 400 };
  return pairs.reduce((sum, [name, value]) => sum + name.length + value.length + 2, 0) > limit
    ? { status: 413 }
    : { pairs };
}

function isTextPair(pair: readonly [string, unknown]): pair is readonly [string, string] {
  return typeof pair[1] === "string";
}
