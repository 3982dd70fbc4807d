// @ts-check
// Makes the pictures of docs/images: a day of a shop that bots visit is played against the built package, and a real browser
// photographs its dashboard and its gate. `npm run build` comes first; Chromium is taken from CHROMIUM_PATH.
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer, request } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import express from "express";
import { chromium } from "playwright-core";
import { root } from "./run.mjs";

const load = createRequire(import.meta.url);
/** @type {typeof import("../src/index.js")} */
const { bunker, MemoryStore } = load("../dist/index.js");
/** @type {typeof import("../src/dashboard/index.js")} */
const { dashboard } = load("../dist/dashboard/index.js");

const FOLDER = join(root, "docs/images");
const HOURS = 26;
const STEP_MS = 300_000;
const LISTED = "9.9.9.9";

// The same pictures each time.
let seed = 7;
const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
/** @param {number} below */
const below = (below) => Math.floor(random() * below);

let time = Date.now() - HOURS * 3_600_000;
const now = () => time;

const bunkernet = createServer((req, res) => {
  req.resume();
  const data =
    req.url === "/register"
      ? "4f9c2a71-0000-4000-8000-000000000000"
      : req.url === "/db"
        ? Array.from({ length: 48_211 }, (_, n) => `5.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`)
        : "pong";
  res.setHeader("Content-Type", "application/json").end(JSON.stringify({ result: "ok", data }));
}).listen(0, "127.0.0.1");
await once(bunkernet, "listening");

const absent = () => Promise.reject(Object.assign(new Error("not found"), { code: "ENOTFOUND" }));
const guard = bunker({
  store: new MemoryStore({ now }),
  now,
  logger: false,
  services: ["shop.example", "blog.example"],
  sessions: { secret: "a secret of the pictures only" },
  antibot: {
    challenge: ({ ip }) => (ip.startsWith("66.") ? "captcha" : "cookie"),
    ignoreUri: ["^/api/", "^/missing/"],
    geo: {
      country: (ip) => ["FR", "US", "DE", "CN", "RU", "BR", "NL"][Number(ip.split(".")[1]) % 7],
      asn: (ip) => [16_276, 14_061, 24_940, 4134, 9009, 28_573, 60_781][Number(ip.split(".")[1]) % 7],
    },
  },
  badBehavior: { threshold: 10, banTime: 43_200 },
  dnsbl: { list: ["zen.spamhaus.org", "bl.blocklist.de"] },
  resolver: {
    resolve4: (name) =>
      name.startsWith("2.0.0.127.") || name.startsWith("9.9.9.9.")
        ? Promise.resolve([name.startsWith("9.9.9.9.b") ? "127.0.0.9" : "127.0.0.2"])
        : absent(),
    resolve6: absent,
    resolveTxt: absent,
    reverse: absent,
  },
  bunkernet: {
    server: `http://127.0.0.1:${/** @type {import("net").AddressInfo} */ (bunkernet.address()).port}`,
  },
  trustProxy: "loopback",
});
const app = express();
app.set("trust proxy", "loopback");
app.use("/_bunker", dashboard({ bunker: guard, authorize: () => true }));
app.use(guard);
app.use((req, res) => {
  res
    .status(req.path.startsWith("/missing/") || req.path.startsWith("/api/v0") ? 404 : 200)
    .send("<h1>Shop</h1>");
});
const server = app.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = /** @type {import("net").AddressInfo} */ (server.address());
await guard.ready();
await guard.bunkernet?.sync();

/**
 * @param {string} path
 * @param {string} from
 * @param {{ host?: string, cookie?: string, method?: string, body?: string, agent?: string }} [how]
 * @returns {Promise<{ status: number, location: string | undefined, cookies: string[], text: string }>}
 */
function ask(
  path,
  from,
  { host = "shop.example", cookie = "", method = "GET", body = "", agent = "Mozilla/5.0" } = {},
) {
  return new Promise((resolve, reject) => {
    request(
      {
        port,
        host: "127.0.0.1",
        path,
        method,
        agent: false,
        headers: {
          Host: host,
          "X-Forwarded-For": from,
          Accept: "text/html",
          "Sec-Fetch-Mode": "navigate",
          "Sec-Fetch-Dest": "document",
          "User-Agent": agent,
          ...(cookie === "" ? {} : { Cookie: cookie }),
          ...(body === ""
            ? {}
            : { "Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin" }),
        },
      },
      (res) => {
        let text = "";
        res.setEncoding("utf8").on("data", (piece) => (text += piece));
        res.on("end", () => {
          const cookies = (res.headers["set-cookie"] ?? []).map((line) => line.split(";", 1)[0] ?? "");
          resolve({ status: res.statusCode ?? 0, location: res.headers.location, cookies, text });
        });
      },
    )
      .on("error", reject)
      .end(body);
  });
}

/**
 * A visitor who solves the challenge and looks around.
 * @param {string} from
 * @param {string} host
 */
async function visit(from, host) {
  const first = await ask("/", from, { host });
  const cookies = [...first.cookies];
  time += 400 + below(2500);
  const solved = await ask(first.location ?? "/", from, { host, cookie: cookies.join("; ") });
  const cookie = [...cookies, ...solved.cookies].join("; ");
  for (let page = 0; page < 2 + below(4); page++) await ask(`/item/${below(90)}`, from, { host, cookie });
}

/** @param {string} from */
async function scan(from) {
  const probes = [
    "wp-login.php",
    ".env",
    ".git/config",
    "phpinfo.php",
    "backup.zip",
    "shell.php",
    "xmlrpc.php",
  ];
  for (let n = 0; n < 11 + below(9); n++)
    await ask(`/missing/${probes[below(probes.length)]}`, from, { agent: "sqlmap/1.8 (https://sqlmap.org)" });
}

/** @param {string} from */
async function guess(from) {
  const first = await ask("/account", from);
  const page = await ask(first.location ?? "/", from, { cookie: first.cookies.join("; ") });
  const state = /name="state" value="([^"]+)"/.exec(page.text)?.[1] ?? "";
  const cookie = [...first.cookies, ...page.cookies].join("; ");
  await ask("/challenge", from, {
    method: "POST",
    cookie,
    body: `state=${encodeURIComponent(state)}&captcha=XXXXXX`,
  });
}

const steps = (HOURS * 3_600_000) / STEP_MS;
const end = Date.now();
for (let step = 0; step < steps; step++) {
  const next = end - (steps - 1 - step) * STEP_MS;
  const busy = 1.2 + Math.sin(((step * STEP_MS) / 86_400_000) * 2 * Math.PI);
  const attack = step > steps * 0.72 && step < steps * 0.8 ? 5 : 1;
  for (let n = 0; n < busy * 3 + below(3); n++)
    await visit(
      `${80 + below(9)}.${below(250)}.${below(250)}.${1 + below(250)}`,
      random() < 0.7 ? "shop.example" : "blog.example",
    );
  for (let n = 0; n < attack; n++)
    if (random() < 0.5) await scan(`45.${below(250)}.${below(90)}.${1 + below(250)}`);
  for (let n = 0; n < 2 * attack; n++) if (random() < 0.6) await ask("/", `5.0.${below(180)}.${below(250)}`);
  if (random() < 0.4) await guess(`66.${below(250)}.7.${1 + below(200)}`);
  if (step % 40 === 0) await ask("/", LISTED);
  time = Math.max(time, next);
}

mkdirSync(FOLDER, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
/**
 * @param {string} name
 * @param {string} path
 * @param {{ colorScheme: "light" | "dark", width: number, height: number, at?: number }} how
 */
async function picture(name, path, { colorScheme, width, height, at = port }) {
  const context = await browser.newContext({
    colorScheme,
    viewport: { width, height },
    locale: "en-GB",
    deviceScaleFactor: 1,
  });
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${at}${path}`);
  await page.waitForLoadState("load");
  // The live line needs some samples.
  if (path.includes("overview"))
    for (let n = 0; n < 12; n++) {
      await visit(`80.1.2.${n}`, "shop.example");
      time += 500;
      await page.waitForTimeout(600);
    }
  else await page.waitForTimeout(1500);
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  await context.close();
}
const gate = bunker({
  store: new MemoryStore(),
  logger: false,
  bunkernet: false,
  badBehavior: false,
  sessions: { secret: "a secret of the pictures only" },
  antibot: { challenge: "captcha" },
  theme: { siteName: "Harbour Bakery" },
});
const gated = express().use(gate).listen(0, "127.0.0.1");
await once(gated, "listening");
const WIDE = { width: 1280, height: 860 };
await picture("dashboard-dark", "/_bunker/#/overview?range=24h", { colorScheme: "dark", ...WIDE });
await picture("dashboard-light", "/_bunker/#/overview?range=24h", { colorScheme: "light", ...WIDE });
await picture("bans", "/_bunker/#/bans", { colorScheme: "light", ...WIDE });
await picture("protections", "/_bunker/#/protections", { colorScheme: "dark", ...WIDE });
const [ban] = await guard.bans.list();
await picture("address", `/_bunker/#/address/${ban?.ip}`, { colorScheme: "light", ...WIDE });
await picture("phone", "/_bunker/#/overview?range=24h", { colorScheme: "dark", width: 390, height: 844 });
const at = /** @type {import("net").AddressInfo} */ (gated.address()).port;
await picture("gate-light", "/", { colorScheme: "light", width: 640, height: 560, at });
await picture("gate-dark", "/", { colorScheme: "dark", width: 640, height: 560, at });
await browser.close();
gated.closeAllConnections();
gated.close();
await gate.close();
server.closeAllConnections();
server.close();
bunkernet.close();
await guard.close();
console.log(`pictures are in ${FOLDER}`);
