import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { check, type Check } from "../options/check.js";

/** What one attempt may take, in ms. */
const DEADLINE_MS = 10_000;
/** What a list may weigh, in bytes. */
const MAX_BYTES = 32 * 1024 * 1024;

/** What a server said of the version that it sent; sent back to ask whether there is a newer one. */
export interface Version {
  readonly etag?: string;
  readonly modified?: string;
}

/** What a source answered. */
export type Fetched =
  | { readonly kind: "text"; readonly text: string; readonly version: Version }
  /** Nothing has changed since the version that was named. */
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
 * Reads a list once. Rejects when the source does not answer in time, answers anything but 200 or 304, or too much.
 *
 * @param known the version that is here already
 */
export async function fetchList(url: string, known: Version = {}, signal?: AbortSignal): Promise<Fetched> {
  return url.startsWith("file:")
    ? readLocal(fileURLToPath(url), known)
    : download(new URL(url), known, signal);
}

async function readLocal(path: string, known: Version): Promise<Fetched> {
  const { size, mtimeMs } = await stat(path);
  if (size > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES} bytes`);
  const etag = `${mtimeMs} ${size}`;
  if (etag === known.etag) return { kind: "same" };
  return { kind: "text", text: await readFile(path, "utf8"), version: { etag } };
}

async function download(url: URL, known: Version, stop?: AbortSignal): Promise<Fetched> {
  const headers: Record<string, string> = { Accept: "text/plain, */*;q=0.5" };
  if (known.etag !== undefined) headers["If-None-Match"] = known.etag;
  if (known.modified !== undefined) headers["If-Modified-Since"] = known.modified;
  // `fetch` takes no URL with a user in it.
  if (url.username !== "" || url.password !== "") {
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers["Authorization"] = `Basic ${Buffer.from(user).toString("base64")}`;
    url.username = "";
    url.password = "";
  }
  const late = AbortSignal.timeout(DEADLINE_MS);
  const response = await fetch(url, {
    headers,
    signal: stop === undefined ? late : AbortSignal.any([late, stop]),
  });
  if (response.status === 304) {
    await response.body?.cancel();
    return { kind: "same" };
  }
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`answered ${response.status}`);
  }
  const etag = response.headers.get("etag");
  const modified = response.headers.get("last-modified");
  return {
    kind: "text",
    text: await readBody(response),
    version: { ...(etag === null ? {} : { etag }), ...(modified === null ? {} : { modified }) },
  };
}

async function readBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
