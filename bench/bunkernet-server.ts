// The capacity of a BunkerNet server: calls per second compared with a bare node:http server that responds with the same bytes,
// the memory that a thousand reporting instances occupy, and the time to write the list. All of it runs in one process, over
// loopback.
import { Agent, createServer, request, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { MemoryStore } from "express-bunker";
import { bunkernetServer } from "../src/bunkernet-server/index.js";
import { Report } from "./harness/report.js";
import { median, medianBounds } from "./harness/statistics.js";

const quick = process.argv.includes("--quick");
const PAIRS = quick ? 3 : 11;
const CALLS = quick ? 300 : 1500;
const INSTANCES = 1000;
const CONNECTIONS = 16;

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
const networkOf = (index: number): string => `50.${index >> 8}.${index & 255}.9`;
const attacker = (index: number): string => `45.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;

interface Calling {
  readonly method: string;
  readonly path: string;
  readonly from: string;
  readonly body: unknown;
}

function call(
  port: number,
  { method, path, from, body }: Calling,
): Promise<{ status: number; text: string; bytes: number }> {
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const headers = {
      "X-Forwarded-For": from,
      "Content-Type": "application/json",
      "Content-Length": String(Buffer.byteLength(text)),
      "Accept-Encoding": "gzip",
    };
    const req = request({ port, host: "127.0.0.1", method, path, agent, headers }, (res) => {
      const chunks: Buffer[] = [];
      res.on("data", (chunk: Buffer) => chunks.push(chunk));
      res.on("end", () => {
        const all = Buffer.concat(chunks);
        resolve({ status: res.statusCode ?? 0, text: all.toString("utf8"), bytes: all.length });
      });
    });
    req.on("error", reject);
    req.end(text);
  });
}

async function rate(port: number, calls: readonly Calling[]): Promise<number> {
  let next = 0;
  const started = performance.now();
  const worker = async (): Promise<void> => {
    while (next < calls.length) {
      const { status, text } = await call(port, calls[next++] as Calling);
      if (status !== 200) throw new Error(`${status} ${text.slice(0, 200)}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  return (calls.length / (performance.now() - started)) * 1000;
}

async function listen(listener: RequestListener): Promise<{ port: number; close: () => void }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

/** The least that any server has to do for such a call: it reads the body and responds with as many bytes. */
function bare(answer: Buffer): RequestListener {
  return (req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => {
      JSON.parse(Buffer.concat(chunks).toString("utf8"));
      res.setHeader("Content-Type", "application/json");
      res.end(answer);
    });
  };
}

const reportsFrom = (first: number, count: number): unknown[] =>
  Array.from({ length: count }, (_, index) => ({
    ip: attacker(first + index),
    reason: "bad behavior",
    data: {},
    method: "GET",
    url: "/wp-login.php",
    headers: { "user-agent": "curl/8.5.0", accept: "*/*" },
    server_name: "_",
    date: "2026-01-01T00:00:00Z",
  }));

async function main(): Promise<void> {
  const store = new MemoryStore({ maxKeys: { state: 300_000 } });
  const server = bunkernetServer({
    store,
    trustProxy: "loopback",
    logger: false,
    minIdAge: 0,
    maxVotes: 200_000,
    maxReports: 1_000_000,
    maxInstanceCalls: 100_000,
    maxCalls: 100_000,
  });
  const { port, close } = await listen(server);
  await server.ready();
  const ids: string[] = [];
  for (let index = 0; index < INSTANCES; index++) {
    const { text } = await call(port, {
      method: "POST",
      path: "/register",
      from: networkOf(index),
      body: {},
    });
    ids.push((JSON.parse(text) as { data: string }).data);
  }
  global.gc?.();
  const before = process.memoryUsage();
  // Each instance reports 200 addresses, and four instances report each address: 200 000 votes for 50 000 addresses.
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const filling: Calling[] = ids.flatMap((id, index) =>
    [0, 100].map((offset) => ({
      method: "POST",
      path: "/report",
      from: networkOf(index),
      body: { id, reports: reportsFrom((index % 250) * 200 + offset, 100) },
    })),
  );
  const started = performance.now();
  await rate(port, filling);
  const fillSeconds = (performance.now() - started) / 1000;
  delay.disable();
  global.gc?.();
  const after = process.memoryUsage();
  const status = server.status();
  const writing = performance.now();
  const first = await call(port, { method: "GET", path: "/db", from: networkOf(0), body: { id: ids[0] } });
  const writeMs = performance.now() - writing;

  const kinds: {
    name: string;
    method: string;
    path: string;
    count: number;
    answer: Buffer;
    body: (id: string) => unknown;
  }[] = [
    {
      name: "GET /ping",
      method: "GET",
      path: "/ping",
      count: CALLS,
      answer: Buffer.from('{"result":"ok","data":"pong"}'),
      body: (id) => ({ id }),
    },
    {
      name: "POST /report, 1",
      method: "POST",
      path: "/report",
      count: CALLS,
      answer: Buffer.from('{"result":"ok","data":"Report acknowledged."}'),
      body: (id) => ({ id, reports: reportsFrom(0, 1) }),
    },
    {
      name: "POST /report, 100",
      method: "POST",
      path: "/report",
      count: CALLS / 5,
      answer: Buffer.from('{"result":"ok","data":"Report acknowledged."}'),
      body: (id) => ({ id, reports: reportsFrom(0, 100) }),
    },
    {
      name: "GET /db, gzip",
      method: "GET",
      path: "/db",
      count: CALLS / 5,
      answer: Buffer.alloc(first.bytes, 120),
      body: (id) => ({ id }),
    },
  ];
  const rows: Record<string, string | number>[] = [];
  for (const { name, method, path, count, answer, body } of kinds) {
    const plain = await listen(bare(answer));
    const calls = Array.from({ length: count }, (_, index) => {
      const who = index % INSTANCES;
      return { method, path, from: networkOf(who), body: body(ids[who] as string) };
    });
    const ours: number[] = [];
    const ratios: number[] = [];
    for (let pair = 0; pair <= PAIRS; pair++) {
      const mine = await rate(port, calls);
      const theirs = await rate(plain.port, calls);
      // The first pair is a warm-up.
      if (pair === 0) continue;
      ours.push(mine);
      ratios.push(mine / theirs);
    }
    plain.close();
    const { lower, upper } = medianBounds(ratios);
    rows.push({
      call: name,
      "calls/s": Math.round(median(ours)),
      "ratio to bare node:http": median(ratios).toFixed(2),
      "95 % bounds": `${lower.toFixed(2)}–${upper.toFixed(2)}`,
    });
  }
  const MB = 1024 * 1024;
  const load = {
    votes: status.votes,
    listed: status.listed,
    "fill time, s": fillSeconds.toFixed(1),
    "reports/s": Math.round(200_000 / fillSeconds),
    "heap, MB": Math.round((after.heapUsed - before.heapUsed) / MB),
    "RSS, MB": Math.round(after.rss / MB),
    "longest stall, ms": Math.round(delay.max / 1e6),
    "first /db, ms": Math.round(writeMs),
  };
  const report = new Report("bunkernet-server");
  report.table("Calls, compared with bare node:http that answers as many bytes", rows);
  report.table("A thousand instances of a thousand networks report and vote", [load]);
  report.write();
  close();
  await server.close();
  agent.destroy();
}

void main();
