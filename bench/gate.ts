// The gate outside the hot path: how fast it seals, signs and verifies, the size of its pages, and what visitors leave behind who
// never solve a challenge. The bench refusals compares its answers with bare Express.
import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Writable } from "node:stream";
import { gzipSync } from "node:zlib";
import express from "express";
import { antibot, MemoryStore, type KindName } from "express-bunker";
import { isSolved, PUZZLES, targetOf } from "../src/antibot/challenges/javascript.js";
import { KeyRing } from "../src/antibot/keys.js";
import { CompiledTheme } from "../src/pages/compiled-theme.js";
import { denyPage } from "../src/pages/deny-page.js";
import { Report, type Row } from "./harness/report.js";
import { median } from "./harness/statistics.js";
import { solve } from "../__tests__/support/work.js";

const quick = process.argv.includes("--quick");
const ROUNDS = quick ? 3 : 11;
const CALLS = quick ? 500 : 3000;
// No vendor is called: only the widgets' pages are rendered, and no token is verified.
const KEYS = { siteKey: "bench-site-key", secret: "bench-secret-key" };
const VENDORS = {
  recaptcha: KEYS,
  hcaptcha: KEYS,
  turnstile: KEYS,
  mcaptcha: { ...KEYS, url: "https://mcaptcha.test" },
  capjs: { ...KEYS, frontendUrl: "https://cap.test" },
};
const KINDS = [
  "cookie",
  "javascript",
  "captcha",
  ...(Object.keys(VENDORS) as (keyof typeof VENDORS)[]),
] as const;
const BROWSER = {
  host: "site.test",
  accept: "text/html,application/xhtml+xml",
  "accept-language": "en-GB,en;q=0.5",
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
};

type App = (req: IncomingMessage, res: ServerResponse) => void;

interface Reply {
  status: number;
  text: string;
  headers: ReturnType<ServerResponse["getHeaders"]>;
}

/** Runs one request through an app without a socket. */
function visit(app: App, url: string, headers: Record<string, string>, from = "8.8.8.8"): Promise<Reply> {
  const chunks: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  }) as unknown as Socket;
  Object.assign(sink, { remoteAddress: from, setTimeout: () => sink, destroySoon: () => undefined });
  const req = new IncomingMessage(sink);
  Object.assign(req, {
    method: "GET",
    url,
    headers,
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    httpVersion: "1.1",
    complete: true,
  });
  const res = new ServerResponse(req);
  res.assignSocket(sink);
  return new Promise((resolve) => {
    res.on("finish", () =>
      resolve({ status: res.statusCode, text: Buffer.concat(chunks).toString(), headers: res.getHeaders() }),
    );
    app(req, res);
  });
}

function gated(challenge: KindName, store = new MemoryStore()): App {
  const app = express();
  app.use(
    antibot({
      challenge,
      ...VENDORS,
      store,
      logger: false,
      adaptive: false,
      sessions: { secret: "bench-secret-of-32-characters-xx" },
    }),
  );
  app.get("/", (_req, res) => void res.send("hello"));
  return app;
}

async function perSecond(work: () => unknown, calls: number): Promise<number> {
  const started = process.hrtime.bigint();
  for (let call = 0; call < calls; call++) await work();
  return calls / (Number(process.hrtime.bigint() - started) / 1e9);
}

async function cryptography(): Promise<Row[]> {
  const keys = new KeyRing(["bench-secret-of-32-characters-xx"]);
  const context = ["default"];
  const text = JSON.stringify([
    "0123456789abcdef",
    "javascript",
    Date.now(),
    "0123456789ab",
    "/page?x=1",
    null,
    { seed: "ab".repeat(32), target: 12345 },
  ]);
  const sealed = keys.seal("challenge", context, text);
  const signed = keys.sign("pass", context, text);
  const work = { seed: "ab".repeat(32), target: targetOf(16) };
  const solution = solve({ ...work, count: PUZZLES });
  const works: Record<string, () => unknown> = {
    "seal a challenge": () => keys.seal("challenge", context, text),
    "open a challenge": () => keys.open("challenge", context, sealed),
    "sign a pass": () => keys.sign("pass", context, text),
    "verify a pass": () => keys.verify("pass", context, signed),
    "verify a proof of work": () => isSolved(work, solution),
  };
  const rows: Row[] = [];
  for (const [name, run] of Object.entries(works)) {
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round++) rates.push(await perSecond(run, CALLS * 3));
    rows.push({
      operation: name,
      "per second": Math.round(median(rates)),
      goal: `20000 ${median(rates) >= 20_000 ? "reached" : "MISSED"}`,
    });
  }
  return rows;
}

/** Memory and stored keys after many visitors that open the challenge and never solve it. Both should stay constant. */
async function unsolved(): Promise<Row[]> {
  const store = new MemoryStore();
  const app = gated("javascript", store);
  const heap = (): number => {
    (globalThis as { gc?: () => void }).gc?.();
    return process.memoryUsage().heapUsed / 2 ** 20;
  };
  const address = (number: number): string =>
    `${20 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}.9`;
  const visitors = quick ? 50_000 : 1_000_000;
  // Bounded caches are filled first, so that they do not count as growth.
  for (let number = 0; number < 20_000; number++) await visit(app, "/", BROWSER, address(number + visitors));
  const before = heap();
  for (let number = 0; number < visitors; number++) {
    const first = await visit(app, "/", BROWSER, address(number));
    const cookie = String((first.headers["set-cookie"] as string[])[0]).split(";", 1)[0] as string;
    await visit(app, "/challenge", { ...BROWSER, cookie }, address(number));
  }
  const rows: Row[] = [];
  const keys: Record<string, number> = {};
  for (const namespace of ["ban", "state", "spent", "hit", "cache"] as const) {
    keys[namespace] = 0;
    for await (const key of store.keys(namespace)) if (key !== "") keys[namespace]++;
  }
  rows.push({ visitors, "heap growth (MB)": (heap() - before).toFixed(1), ...keys });
  return rows;
}

async function weights(): Promise<Row[]> {
  const rows = [{ page: "refusal", bytes: 0, gzip: 0 }];
  const add = (page: string, text: string): number =>
    rows.push({ page, bytes: Buffer.byteLength(text), gzip: gzipSync(text).length });
  rows.pop();
  add("refusal", denyPage({ language: "en", theme: new CompiledTheme({}), referenceId: "7K2MQ4XW9ABC" }));
  for (const kind of KINDS.slice(1)) {
    const app = gated(kind);
    const first = await visit(app, "/", BROWSER);
    const cookie = String((first.headers["set-cookie"] as string[])[0]).split(";", 1)[0] as string;
    const { text } = await visit(app, "/challenge", { ...BROWSER, cookie });
    add(`${kind} challenge`, text.slice(text.indexOf("<!doctype")));
  }
  return rows.map((row) => ({
    ...row,
    goal: `under 12288 gzip: ${row.gzip < 12_288 ? "reached" : "MISSED"}`,
  }));
}

async function main(): Promise<void> {
  const report = new Report("gate");
  report.table("Cryptography, one thread", await cryptography());
  report.table("Size of the pages", await weights());
  report.table("What unsolved visits leave behind", await unsolved());
  report.write();
  process.exit(0);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
