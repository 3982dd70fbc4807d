import { spawn } from "node:child_process";
import {
  connect as connect2,
  createServer as createServer2,
  type Http2Server,
  type IncomingHttpHeaders,
} from "node:http2";
import { bunker, MemoryStore, type BunkerOptions } from "../../src/index.js";
import { ask, NAVIGATION, type Ask } from "../support/ask.js";
import { site as startSite } from "../support/site.js";

let warnings: string[] = [];

async function site(options: BunkerOptions = {}): Promise<string> {
  const started = await startSite((shared) =>
    bunker({ ...shared, antibot: { challenge: "javascript" }, ...options }),
  );
  warnings = started.warnings;
  return started.url;
}

const PROBLEM = [403, "application/problem+json", undefined];
const REDIRECT = [302, undefined, "/challenge"];

// The table of docs/clients.md: who asks, and status, type and location of the answer.
const CLIENTS: [string, Ask, unknown[]][] = [
  ["a browser's navigation", { headers: NAVIGATION }, REDIRECT],
  [
    "an old browser's navigation",
    { headers: { Accept: "text/html,application/xhtml+xml,*/*;q=0.8" } },
    REDIRECT,
  ],
  ["HEAD of a document", { method: "HEAD", headers: NAVIGATION }, REDIRECT],
  ["curl", { headers: { Accept: "*/*", "User-Agent": "curl/8" } }, PROBLEM],
  ["fetch", { headers: { Accept: "*/*", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty" } }, PROBLEM],
  [
    "XMLHttpRequest of an old browser",
    { headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" } },
    PROBLEM,
  ],
  [
    "a picture",
    { headers: { Accept: "image/avif,image/webp", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image" } },
    PROBLEM,
  ],
  ["a feed reader", { headers: { Accept: "application/rss+xml, application/atom+xml, text/xml" } }, PROBLEM],
  ["a prefetch", { headers: { ...NAVIGATION, "Sec-Purpose": "prefetch" } }, PROBLEM],
  ["a prerender", { headers: { ...NAVIGATION, "Sec-Purpose": "prefetch;prerender" } }, PROBLEM],
  [
    "a service worker's script",
    {
      headers: {
        Accept: "*/*",
        "Sec-Fetch-Mode": "same-origin",
        "Sec-Fetch-Dest": "serviceworker",
        "Service-Worker": "script",
      },
    },
    PROBLEM,
  ],
  ["a JSON post", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }, PROBLEM],
  ["DELETE", { method: "DELETE" }, PROBLEM],
  ["an OPTIONS that is no preflight", { method: "OPTIONS" }, PROBLEM],
  [
    "a preflight",
    { method: "OPTIONS", headers: { Origin: "https://app.test", "Access-Control-Request-Method": "GET" } },
    [200, "text/plain", undefined],
  ],
];

test.each(CLIENTS)("%s gets the documented answer", async (_who, options, expected) => {
  const url = await site();
  const got = await ask(url, "/", options);
  expect([got.status, got.headers["content-type"], got.headers.location]).toEqual(expected);
  expect(got.headers["cache-control"]).toBe(got.status === 200 ? undefined : "no-store");
  if (options.method === "HEAD") expect(got.text).toBe("");
});

test("a frame of another site is shown a way out, a frame of this site the challenge", async () => {
  const url = await site();
  const frame = { ...NAVIGATION, "Sec-Fetch-Dest": "iframe" };
  const foreign = await ask(url, "/", { headers: { ...frame, "Sec-Fetch-Site": "cross-site" } });
  expect([
    foreign.status,
    foreign.text.includes(`target="_blank"`),
    foreign.headers["content-security-policy"],
  ]).toEqual([403, true, expect.stringContaining("frame-ancestors *")]);
  expect((await ask(url, "/", { headers: { ...frame, "Sec-Fetch-Site": "same-origin" } })).status).toBe(302);
});

function run(command: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
    child.on("error", reject);
    child.on("close", () => resolve(text));
  });
}

test("Node's own fetch says that it is no navigation, and is told where the challenge is", async () => {
  const url = await site();
  const got = await fetch(`${url}/deep`, { headers: { Accept: "text/html" }, redirect: "follow" });
  expect(got.status).toBe(403);
  expect(await got.json()).toMatchObject({ type: "urn:express-bunker:challenge" });
});

test("a real program that knows nothing of cookies: node with a plain request", async () => {
  const url = await site();
  const text = await run(process.execPath, [
    "-e",
    `fetch(${JSON.stringify(url)}).then(async (r) => console.log(r.status, (await r.json()).challenge))`,
  ]);
  expect(text.trim()).toBe("403 /challenge");
});

test("HTTP/2: the same answers, and 444 resets the stream only", async () => {
  const guard = bunker({
    logger: false,
    store: new MemoryStore(),
    trustProxy: "loopback",
    deny: { status: 444, force: true },
    antibot: { challenge: "javascript", ignoreUri: ["^/open"] },
  });
  const server: Http2Server = createServer2((req, res) =>
    guard(req as never, res as never, () => res.end("site")),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const session = connect2(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
  const get = (headers: Record<string, string>): Promise<IncomingHttpHeaders & { ":status"?: number }> =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ":path": "/", ...headers });
      stream.on("response", (got) => {
        resolve(got);
        stream.resume();
      });
      stream.on("error", reject);
      stream.on("close", () => reject(new Error("reset")));
    });
  try {
    expect((await get({}))[":status"]).toBe(403);
    expect(await get({ accept: "text/html" })).toMatchObject({ ":status": 302, location: "/challenge" });
    await guard.bans.add("9.9.9.9");
    await expect(get({ ":path": "/open", "x-forwarded-for": "9.9.9.9" })).rejects.toThrow();
    expect((await get({ ":path": "/open", "x-forwarded-for": "8.8.8.8" }))[":status"]).toBe(200);
    expect(session.closed).toBe(false);
  } finally {
    session.destroy();
    server.close();
  }
});

test("the operator's own webhooks and probes are named in the log when they meet the gate, once each", async () => {
  const url = await site();
  for (let i = 0; i < 3; i++) {
    await ask(url, "/hooks/pay", {
      method: "POST",
      headers: { "User-Agent": "Stripe/1.0 (+https://stripe.com)", "Content-Type": "application/json" },
      body: "{}",
    });
    await ask(url, "/healthz", { headers: { "User-Agent": "kube-probe/1.31" } });
    await ask(url, "/x", { headers: { "User-Agent": "curl/8" } });
  }
  const named = warnings.filter((text) => text.startsWith("WRN_BUNKER_PROGRAM"));
  expect(named).toHaveLength(2);
  expect(named[0]).toContain(`Stripe/ was challenged when it requested "POST /hooks/pay"`);
});
