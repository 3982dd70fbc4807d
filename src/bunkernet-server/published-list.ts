import { createHash } from "node:crypto";
import { setImmediate as breathe } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { VoteCounter } from "./vote-counter.js";

/** The list as `GET /db` returns it. */
export interface ListSnapshot {
  readonly plain: Buffer;
  readonly gzipped: Buffer;
  readonly etag: string;
  readonly entries: number;
  readonly version: number;
}

const compress = promisify(gzip);
/** Addresses serialised before yielding to the event loop. */
const SLICE = 5000;
/** After serialising, wait this many times as long as it took: a large list that keeps changing takes at most 1/10 of the time. */
const REST_FACTOR = 9;
const MAX_REST_MS = 5000;

/** Serialises the list after a change, once for all concurrent calls, and compresses it on another thread. */
export class PublishedList {
  private current: ListSnapshot | undefined;
  private writing: Promise<ListSnapshot> | undefined;
  private restUntil = 0;

  constructor(private readonly source: Pick<VoteCounter, "listed" | "version">) {}

  /** The current list; no promise if nothing has changed. */
  get(): ListSnapshot | Promise<ListSnapshot> {
    if (this.current?.version === this.source.version) return this.current;
    return (this.writing ??= this.write().finally(() => (this.writing = undefined)));
  }

  private async write(): Promise<ListSnapshot> {
    const wait = this.restUntil - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait).unref());
    const start = performance.now();
    const { version } = this.source;
    // Sorted, so that all servers on one store publish the same bytes.
    const entries = [...this.source.listed].sort();
    const parts: string[] = [];
    for (let from = 0; from < entries.length; from += SLICE) {
      // Addresses contain nothing that JSON would escape.
      parts.push(`"${entries.slice(from, from + SLICE).join('","')}"`);
      if (from + SLICE < entries.length) await breathe();
    }
    const plain = Buffer.from(`{"result":"ok","data":[${parts.join(",")}]}`);
    const gzipped = await compress(plain);
    const etag = `W/"${createHash("sha256").update(plain).digest("base64url").slice(0, 27)}"`;
    this.current = { plain, gzipped, etag, entries: entries.length, version };
    const end = performance.now();
    this.restUntil = end + Math.min(MAX_REST_MS, (end - start) * REST_FACTOR);
    return this.current;
  }
}
