import { connect } from "node:net";
import { bunker, type BunkerOptions, type Middleware } from "../../src/index.js";
import { HOSTS, type Host } from "../support/hosts.js";
import { site } from "../support/site.js";

const BANNED = "203.0.113.7";
const VISITOR = "203.0.113.8";

/** The whole response to one request that closes its connection, byte for byte; what differs from run to run is replaced. */
function raw(port: number, lines: readonly string[], body = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, "127.0.0.1");
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => resolve(stable(Buffer.concat(chunks).toString("utf8"))));
    socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
  });
}

function stable(response: string): string {
  return response
    .replace(/\r\n/g, "\n")
    .replace(/^Date: .*$/m, "Date: (date)")
    .replace(/\b[0-9A-HJKMNP-TV-Z]{12}\b/g, "(id)")
    .replace(/nonce([-="]+)[\w+/=-]{16,}/g, "nonce$1(nonce)")
    .replace(/\bto=[\w-]{40,}/g, "to=(sealed)")
    .replace(/[\w-]{60,}/g, "(sealed)")
    .replace(/<svg[^]*?<\/svg>/g, "<svg>")
    .replace(/(<style>)[^]*?(<\/style>)/g, "$1$2")
    .replace(/(<script[^>]*>)[^]*?(<\/script>)/g, "$1$2")
    .replace(/^(Content-Length: ).*$/m, "$1(length)")
    .replace(/((?:__Host-)?[\w-]*bunker[\w-]*)=[^;\n]+/gi, "$1=(cookie)");
}

/** What an app may have set on the response before. */
const earlier: Middleware = (_req, res, next) => {
  res.statusCode = 201;
  res.setHeader("X-App", "earlier");
  res.setHeader("Set-Cookie", ["a=1; Path=/", "b=2; Path=/"]);
  res.setHeader("Vary", "Origin");
  next();
};

const REQUESTS: readonly (readonly [
  what: string,
  from: string,
  first: string,
  headers: string[],
  body?: string,
])[] = [
  ["a banned client: a page", BANNED, "GET /x HTTP/1.1", ["Accept: text/html"]],
  ["a banned client: any type", BANNED, "GET /x HTTP/1.1", ["Accept: */*"]],
  ["a banned client: no Accept", BANNED, "GET /x HTTP/1.1", []],
  ["a banned client: JSON", BANNED, "GET /x HTTP/1.1", ["Accept: application/json"]],
  ["a banned client: HEAD", BANNED, "HEAD /x HTTP/1.1", ["Accept: text/html"]],
  ["a banned client: HTTP/1.0", BANNED, "GET /x HTTP/1.0", ["Accept: text/html"]],
  ["a banned client: an unread body", BANNED, "POST /x HTTP/1.1", ["Content-Length: 3"], "abc"],
  [
    "a banned client: German",
    BANNED,
    "GET /x HTTP/1.1",
    ["Accept: text/html", "Accept-Language: de-CH, en;q=0.5"],
  ],
  ["a banned client: Arabic", BANNED, "GET /x HTTP/1.1", ["Accept: text/html", "Accept-Language: ar"]],
  ["a visitor: the redirect", VISITOR, "GET /page?a=1 HTTP/1.1", ["Accept: text/html"]],
  ["a visitor: the redirect of HEAD", VISITOR, "HEAD /page?a=1 HTTP/1.1", ["Accept: text/html"]],
  ["a visitor: a program", VISITOR, "GET /api HTTP/1.1", ["Accept: application/json"]],
  ["a visitor: a prefetch", VISITOR, "GET /page HTTP/1.1", ["Accept: text/html", "Sec-Purpose: prefetch"]],
  ["a visitor: the challenge's page", VISITOR, "GET /challenge HTTP/1.1", ["Accept: text/html"]],
];

async function responses(host: Host, options: BunkerOptions, before: readonly Middleware[]): Promise<string> {
  const { served, guard } = await site(
    (shared) =>
      bunker({
        ...shared,
        bunkernet: false,
        sessions: { secret: "0123456789abcdef0123456789abcdef" },
        antibot: { challenge: "javascript" },
        ...options,
      }),
    { host, mount: (one) => [...before, one] },
  );
  await guard.bans.add(BANNED, { reason: "test", ttl: 3600, scope: "global" });
  const all: string[] = [];
  for (const [what, from, first, headers, body] of REQUESTS) {
    const lines = [first, "Host: site.test", `X-Forwarded-For: ${from}`, "Connection: close", ...headers];
    all.push(`## ${what}\n${await raw(served.port, lines, body)}`);
  }
  return all.join("\n\n");
}

const own: BunkerOptions = {
  theme: { siteName: "Site & Co", texts: { "*": { denyTitle: "No <entry>" } } },
  deny: { render: (_req, { language, id }) => (language === "de" ? `<p>${id}</p>` : (undefined as never)) },
};

// The snapshot is Express's: the other hosts must respond alike, byte for byte, but for the header that Express adds.
test.each([
  ["every refusal and every challenge, whole", {}, []],
  ["what earlier middleware set stays", {}, [earlier]],
  ["with a theme and a page of the app's own", own, []],
] as const)("%s", async (_what, options, before) => {
  const [express, ...others] = HOSTS as [Host, ...Host[]];
  const expected = await responses(express, options, before);
  expect(expected).toMatchSnapshot();
  for (const host of others)
    expect(withoutPoweredBy(await responses(host, options, before))).toBe(withoutPoweredBy(expected));
});

function withoutPoweredBy(text: string): string {
  return text.replace(/^X-Powered-By: Express\n/gm, "");
}
