import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { send } from "../http/http-client.js";
import { check, type Check } from "../options/check.js";

/** The limit of one attempt, in ms. */
const DEADLINE_MS = 10_000;
/** The size limit of a list, in bytes. */
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_REDIRECTS = 20;

/** A server's validators of the version that it sent; sent back to ask whether there is a newer one. */
export interface Version {
  readonly etag?: string;
  readonly modified?: string;
}

/** The result of reading a source. */
export type Fetched =
  | { readonly kind: "text"; readonly text: string; readonly version: Version }
  /** Nothing has changed since the known version. */
  | { readonly kind: "same" };

/** One `http:`, `https:` or `file:` URL as text. */
export const listUrl: Check<string> = check("an http://, https:// or file:/// URL", (value) => {
  if (typeof value !== "string" || !URL.canParse(value)) return undefined;
  const { protocol, hostname } = new URL(value);
  if (protocol === "file:") return hostname === "" ? value : undefined;
  return protocol === "http:" || protocol === "https:" ? value : undefined;
});

/** The URL without user name, password and query, for logs. */
export function shownUrl(url: string): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  shown.search = "";
  return shown.href;
}

/**
 * Reads a list once. Rejects when the response is late, too large, or has a status other than 200 and 304.
 *
 * @param known the version that we already have
 */
export async function fetchList(url: string, known: Version = {}, signal?: AbortSignal): Promise<Fetched> {
  if (!url.startsWith("file:")) return download(new URL(url), known, signal);
  const path = fileURLToPath(url);
  const { size, mtimeMs } = await stat(path);
  if (size > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES} bytes`);
  const etag = `${mtimeMs} ${size}`;
  if (etag === known.etag) return { kind: "same" };
  return { kind: "text", text: await readFile(path, "utf8"), version: { etag } };
}

async function download(url: URL, known: Version, signal?: AbortSignal): Promise<Fetched> {
  const headers: Record<string, string> = { Accept: "text/plain, */*;q=0.5", "User-Agent": "node" };
  if (known.etag !== undefined) headers["If-None-Match"] = known.etag;
  if (known.modified !== undefined) headers["If-Modified-Since"] = known.modified;
  const response = await send({
    method: "GET",
    url,
    headers,
    signal,
    timeout: DEADLINE_MS,
    maxBytes: MAX_BYTES,
    maxRedirects: MAX_REDIRECTS,
    compressed: true,
    reads: (status) => status === 200,
  });
  if (response.status === 304) return { kind: "same" };
  if (response.status !== 200) throw new Error(`answered ${response.status}`);
  const { etag, "last-modified": modified } = response.headers;
  return {
    kind: "text",
    text: response.body,
    version: { ...(etag === undefined ? {} : { etag }), ...(modified === undefined ? {} : { modified }) },
  };
}

/**
 * The entries of a downloaded list: the first word of each line, without blank lines and comments (`#`, `;`). A generator,
 * so that a large list need not be split at once.
 */
export function* listEntries(text: string): Generator<string> {
  let start = 0;
  while (start < text.length) {
    let end = text.indexOf("\n", start);
    if (end < 0) end = text.length;
    // A line that is longer than any address holds nothing useful beyond its first word.
    const line = text.slice(start, Math.min(end, start + 1024)).trim();
    start = end + 1;
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    yield (/^[^\s#;]+/.exec(line) as RegExpExecArray)[0];
  }
}
