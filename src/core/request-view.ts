import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Awaitable } from "../store/store.js";
import type { Client, ClientResolver } from "./client.js";
import { canonicalPath, type CanonicalPath } from "./path.js";
import type { Verdict } from "./verdict.js";

/** The parts of a request that are looked at: an IncomingMessage has them, and so can a plain object. */
export interface RequestLike {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly originalUrl?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly socket?: {
    readonly remoteAddress?: string | undefined;
    readonly encrypted?: boolean | undefined;
  } | null;
}

/** What a valid pass says; set on the request by the gate that checked it. */
export interface PassInfo {
  readonly id: string;
  /** When it was issued, in ms. */
  readonly issued: number;
  /** The kinds of challenges solved for it. */
  readonly kinds: readonly string[];
}

/** How `req.bunker.ban` bans. */
export interface RequestBan {
  /** Why; kept with the ban. Default `"application"`. */
  reason?: string;
  /** Seconds; 0 = for good. Default: `badBehavior.banTime`, or 86400. */
  ttl?: number;
  /** Only this service, or all of them. Default `"service"`. */
  scope?: "service" | "global";
  /** What else is worth keeping with it. */
  data?: unknown;
}

/** What an app finds at `req.bunker`. */
export interface BunkerRequest {
  /** The client's canonical address; `"unknown"` when it has none. */
  readonly ip: string;
  /** The reference id that our pages show for this request. */
  readonly id: string;
  /** What the protections have said so far. */
  readonly verdicts: readonly Verdict[];
  /** The pass that the visitor came with, when a gate found it good. */
  readonly pass: PassInfo | undefined;
  /** Bans this client, for what only the app knows (a failed login, a honeypot). */
  ban(options?: RequestBan): Awaitable<void>;
}

/** One request as everything of ours sees it: parsed lazily, once, however many middlewares ask. */
export class RequestView implements BunkerRequest {
  pass: PassInfo | undefined = undefined;
  /** Set when we answered: `refused` never counts as bad behaviour, `failed` (a challenge answered wrongly) does (R15, R23). */
  answered: "refused" | "failed" | undefined = undefined;
  /** Bans the client in the name of the first middleware that saw the request. */
  banWith: ((options: RequestBan) => Awaitable<void>) | undefined = undefined;
  private first: Client | undefined = undefined;
  private firstResolver: ClientResolver | undefined = undefined;
  private others: Map<ClientResolver, Client> | undefined = undefined;
  private canonical: CanonicalPath | undefined = undefined;
  private reference: string | undefined = undefined;
  private counters: Set<object> | undefined = undefined;
  private said: Verdict[] | undefined = undefined;

  constructor(readonly raw: RequestLike) {}

  /** The request as Node made it; plain objects stand in for it where nothing is read from them. */
  get message(): IncomingMessage {
    return this.raw as unknown as IncomingMessage;
  }

  /** The client as `resolver` sees it, found out once per resolver (R5). */
  client(resolver: ClientResolver): Client {
    if (this.firstResolver === resolver) return this.first as Client;
    const known = this.others?.get(resolver);
    if (known !== undefined) return known;
    const client = resolver.resolve(this.raw);
    if (this.firstResolver === undefined) {
      this.firstResolver = resolver;
      this.first = client;
    } else {
      (this.others ??= new Map()).set(resolver, client);
    }
    return client;
  }

  get ip(): string {
    return this.first?.ip ?? "unknown";
  }

  get id(): string {
    return (this.reference ??= referenceId());
  }

  get verdicts(): readonly Verdict[] {
    return this.said ?? [];
  }

  /** Remembers a verdict that is worth telling. */
  note(verdict: Verdict): void {
    (this.said ??= []).push(verdict);
  }

  /** Answers `true` the first time for each `counter`: one response counts once, however many middlewares see it end. */
  countOnce(counter: object): boolean {
    if (this.counters?.has(counter) === true) return false;
    (this.counters ??= new Set()).add(counter);
    return true;
  }

  ban(options: RequestBan = {}): Awaitable<void> {
    return this.banWith?.(options);
  }

  get method(): string {
    return this.raw.method ?? "GET";
  }

  /** The URL as the client wrote it, before any mount point took its part off. */
  get url(): string {
    return this.raw.originalUrl ?? this.raw.url ?? "/";
  }

  get path(): CanonicalPath {
    return (this.canonical ??= canonicalPath(this.url));
  }

  /** A header's text; repeated headers are joined as HTTP joins them. */
  header(name: string): string | undefined {
    const value = this.raw.headers[name];
    return typeof value === "string" || value === undefined ? value : value.join(", ");
  }

  /** Whether a person is waiting to see a page: a GET or HEAD that asks for a document. */
  get isNavigation(): boolean {
    return (this.method === "GET" || this.method === "HEAD") && this.wantsDocument;
  }

  /** Whether the answer is to be shown as a document, whatever the method. */
  get wantsDocument(): boolean {
    const mode = this.header("sec-fetch-mode");
    const destination = this.header("sec-fetch-dest");
    if (mode !== undefined || destination !== undefined) {
      const framed =
        destination === "iframe" ||
        destination === "frame" ||
        destination === "embed" ||
        destination === "object";
      return destination === undefined
        ? mode === "navigate"
        : destination === "document" || (framed && mode === "navigate");
    }
    return /\btext\/html\b|\bapplication\/xhtml\+xml\b/i.test((this.header("accept") ?? "").slice(0, 512));
  }

  /** Whether a refusal is better read by a program: JSON instead of a page. */
  get wantsJson(): boolean {
    const accept = (this.header("accept") ?? "").slice(0, 512).toLowerCase();
    if (accept.includes("text/html")) return false;
    if (accept.includes("json")) return true;
    return (
      this.header("x-requested-with")?.toLowerCase() === "xmlhttprequest" ||
      this.header("sec-fetch-dest") === "empty"
    );
  }
}

/** The view of a request; made at the first asking and kept on it as `req.bunker`. */
export function viewOf(request: RequestLike & { bunker?: BunkerRequest | undefined }): RequestView {
  const known = request.bunker;
  if (known instanceof RequestView) return known;
  const view = new RequestView(request);
  request.bunker = view;
  return view;
}

// Drawn in batches: a flood of refusals must not cost a system call each. Crockford's base 32 has no letters to misread.
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
let pool = Buffer.alloc(0);
let used = 0;

function referenceId(): string {
  if (used + 12 > pool.length) {
    pool = randomBytes(12 * 256);
    used = 0;
  }
  let id = "";
  for (let i = 0; i < 12; i++) id += ALPHABET[(pool[used + i] as number) & 31] as string;
  used += 12;
  return id;
}

declare module "http" {
  interface IncomingMessage {
    /** What express-bunker knows of this request; present once one of its middlewares has seen it. */
    bunker?: BunkerRequest;
  }
}
