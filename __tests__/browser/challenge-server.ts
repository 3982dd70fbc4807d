import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** The scripts as the build makes them, fresh from the sources. */
export const browserScripts = JSON.parse(
  execFileSync(process.execPath, [join(__dirname, "../../scripts/build-browser.mjs"), "--print"], {
    encoding: "utf8",
  }),
) as { challengeScript: string; fetchScript: string };

export interface ServerSettings {
  /** Mean number of hashes that a challenge takes. */
  work: number;
  count: number;
  /** Replaces "worker-src blob:" in the page's policy. */
  workerSource: string;
  /** Who may frame the challenge page that the fetch helper opens. */
  framedBy: string;
  /** A program in the challenge page that runs before ours. */
  before: string;
  /** Answers a post instead of the usual check. */
  answer: (solved: boolean, post: Post) => { status: number; body: unknown } | undefined;
}

export interface Post {
  fields: URLSearchParams;
  headers: IncomingMessage["headers"];
}

interface Issued {
  seed: string;
  count: number;
  target: number;
}

/**
 * Plays the server's side of the challenge: a challenge page with the policy of the real one, a check of solutions, and a few
 * pages behind. Settings may be changed between requests.
 */
export class ChallengeServer {
  readonly settings: ServerSettings = {
    work: 2 ** 14,
    count: 16,
    workerSource: "worker-src blob:",
    framedBy: "'self'",
    before: "",
    answer: () => undefined,
  };
  /** What was posted to /challenge. */
  readonly posts: Post[] = [];
  /** Method, url and body of every other request. */
  readonly requests: string[] = [];
  port = 0;
  readonly #issued = new Map<string, Issued>();
  readonly #server = createServer((req, res) => void this.#handle(req, res));

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** A new challenge: what the page's configuration and a second try carry. */
  issue(): Issued & { state: string } {
    const { work, count } = this.settings;
    const issued = {
      seed: randomBytes(32).toString("hex"),
      count,
      target: Math.min(Math.floor((count * 2 ** 32) / work), 2 ** 32 - 1),
    };
    const state = randomBytes(8).toString("base64url");
    this.#issued.set(state, issued);
    return { ...issued, state };
  }

  /** Whether the text solves every puzzle of a challenge that was issued and not yet solved. */
  #check(state: string, solution: string): boolean {
    const issued = this.#issued.get(state);
    if (!issued || !/^([0-9a-f]{8})+$/.test(solution) || solution.length !== issued.count * 8) return false;
    for (let i = 0; i < issued.count; i++) {
      const index = Buffer.alloc(4);
      index.writeUInt32BE(i);
      const nonce = Buffer.from(solution.slice(i * 8, i * 8 + 8), "hex");
      const hash = createHash("sha256").update(issued.seed, "hex").update(index).update(nonce).digest();
      if (hash.readUInt32BE(0) >= issued.target) return false;
    }
    this.#issued.delete(state);
    return true;
  }

  async #handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? "/", "http://localhost");
    if (url.pathname === "/challenge" && req.method === "POST") {
      await this.#receive(req, res);
      return;
    }
    const body = await text(req);
    if (url.pathname !== "/favicon.ico")
      this.requests.push(`${req.method ?? ""} ${req.url ?? ""}${body && ` ${body}`}`);
    // Pages of other sites may read these answers: what the helper makes of them is its own decision.
    if (req.headers.origin) res.setHeader("access-control-allow-origin", req.headers.origin);
    const passed = req.headers.cookie?.includes("pass=1") ?? false;
    if (url.pathname === "/challenge") this.#challengePage(res, url.searchParams.has("frame"));
    else if (url.pathname.startsWith("/api/") && !passed) {
      const problem = {
        type: "urn:express-bunker:challenge",
        status: 403,
        challenge: url.searchParams.get("challenge") ?? "/challenge",
      };
      res.writeHead(403, { "content-type": "application/problem+json" }).end(JSON.stringify(problem));
    } else if (url.pathname.startsWith("/api/")) {
      res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ echo: body }));
    } else if (url.pathname === "/app") {
      // A strict app: the helper works under its policy.
      const policy = "default-src 'none'; script-src 'nonce-app'; connect-src *; frame-src 'self'";
      res.setHeader("content-security-policy", policy);
      const script = `<script nonce="app">${browserScripts.fetchScript}</script>`;
      html(res, `<title>app</title><button id="app">app</button>${script}`);
    } else if (url.pathname === "/embedding") {
      html(res, `<title>embedding</title><iframe src="${url.searchParams.get("frame") ?? ""}"></iframe>`);
    } else if (url.pathname.startsWith("/shop") && !passed) {
      res.writeHead(302, { location: "/challenge" }).end();
    } else html(res, `<title>landed</title><p>landed`);
  }

  async #receive(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const post = { fields: new URLSearchParams(await text(req)), headers: req.headers };
    this.posts.push(post);
    const solved = this.#check(post.fields.get("state") ?? "", post.fields.get("challenge") ?? "");
    const answer = this.settings.answer(solved, post) ?? {
      status: solved ? 200 : 403,
      body: solved ? { location: "/shop/cart?item=1" } : { challenge: this.issue() },
    };
    const cookie = answer.status === 200 ? { "set-cookie": "pass=1; Path=/; HttpOnly; SameSite=Lax" } : {};
    res.writeHead(answer.status, {
      "content-type": "application/json",
      "cache-control": "no-store",
      ...cookie,
    });
    res.end(JSON.stringify(answer.body));
  }

  #challengePage(res: ServerResponse, frame: boolean): void {
    const nonce = randomBytes(16).toString("base64");
    const texts = {
      working: "working",
      done: "done",
      slow: "slow",
      retry: "trying again",
      failed: "failed",
      expired: "too old",
    };
    const config = JSON.stringify({ action: "/challenge", ...this.issue(), frame, texts });
    res.setHeader(
      "content-security-policy",
      [
        "default-src 'none'",
        `script-src 'nonce-${nonce}'`,
        this.settings.workerSource,
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        `frame-ancestors ${frame ? this.settings.framedBy : "'none'"}`,
      ].join("; "),
    );
    res.setHeader("cache-control", "no-store");
    html(
      res,
      `<title>challenge</title>
<script type="application/json" id="bunker-config">${config}</script>
<progress id="bunker-progress" max="100" value="0" aria-label="progress"></progress>
<p id="bunker-status" role="status"></p>
<div id="bunker-wayout" hidden><button id="bunker-retry">Retry</button></div>
<p id="bunker-opentab" hidden>open tab</p>
<p id="bunker-nocookies" hidden>no cookies</p>
<script nonce="${nonce}">${this.settings.before}</script>
<script nonce="${nonce}">${browserScripts.challengeScript}</script>`,
    );
  }
}

function html(res: ServerResponse, body: string): void {
  res.setHeader("content-type", "text/html; charset=utf-8");
  res.end(`<!doctype html><html lang="en">${body}`);
}
