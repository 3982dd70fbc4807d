import type { IncomingMessage } from "node:http";

/** The fields of a posted form, or why they could not be read: the status that says so. */
export type FormBody =
  { readonly fields: ReadonlyMap<string, string> } | { readonly status: 400 | 413 | 415 };

/** More fields than this are no form of ours. */
const MOST_FIELDS = 64;

/**
 * Reads an `application/x-www-form-urlencoded` (or flat JSON) body of at most `limit` bytes. Where a body parser ran
 * before us, what it left in `req.body` is used. Repeated names and values that are not text are refused.
 */
export async function readForm(req: IncomingMessage, limit: number): Promise<FormBody> {
  const { body } = req as { body?: unknown };
  if (typeof body === "object" && body !== null && !Buffer.isBuffer(body))
    return ofEntries(Object.entries(body));
  const type = (req.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  const json = type === "application/json";
  if (!json && type !== "application/x-www-form-urlencoded") return { status: 415 };
  const text =
    typeof body === "string" || Buffer.isBuffer(body) ? body.toString() : await readText(req, limit);
  if (text === undefined || text.length > limit) return { status: 413 };
  return json ? ofJson(text) : ofEntries([...new URLSearchParams(text)]);
}

async function readText(req: IncomingMessage, limit: number): Promise<string | undefined> {
  if (Number(req.headers["content-length"] ?? 0) > limit) return undefined;
  if (req.readableEnded || req.destroyed) return "";
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve) => {
    const end = (text: string | undefined): void => {
      req.off("data", take).off("end", whole).off("error", none).off("close", none);
      resolve(text);
    };
    const take = (chunk: Buffer | string): void => {
      const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      size += bytes.length;
      if (size > limit) end(undefined);
      else chunks.push(bytes);
    };
    const whole = (): void => end(Buffer.concat(chunks).toString("utf8"));
    const none = (): void => end("");
    req.on("data", take).on("end", whole).on("error", none).on("close", none);
  });
}

function ofJson(text: string): FormBody {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))
      return ofEntries(Object.entries(parsed));
  } catch {
    // Falls through: what is no JSON is a bad request.
  }
  return { status: 400 };
}

function ofEntries(entries: readonly (readonly [string, unknown])[]): FormBody {
  if (entries.length > MOST_FIELDS) return { status: 400 };
  const fields = new Map<string, string>();
  for (const [name, value] of entries) {
    if (typeof value !== "string" || fields.has(name)) return { status: 400 };
    fields.set(name, value);
  }
  return { fields };
}
