import { createServer as createHttp, request, type IncomingMessage, type ServerResponse } from "node:http";
import { connect as connectHttp2, createServer as createHttp2, type Http2Server } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { bunker, MemoryStore, type Bunker, type BunkerOptions } from "../../src/index.js";
import { EXPRESS } from "../support/hosts.js";
import { until } from "../support/until.js";

const BANNED = "8.8.8.8";
const OTHER = "9.9.9.9";

const servers: (Server & { closeAllConnections?: () => void })[] = [];
const guards: Bunker[] = [];
/** Ends what a response waits for, by path. */
let begin: Map<string, () => void>;

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.();
    server.close();
  }
  for (const guard of guards.splice(0)) await guard.close();
});

// The app: event streams by either way to set headers, one that begins late, and a long download.
function app(req: IncomingMessage, res: ServerResponse): void {
  const path = req.url ?? "";
  const stream = (): void => {
    if (path.startsWith("/set")) res.setHeader("Content-Type", "text/event-stream; charset=utf-8");
    if (path.startsWith("/set")) res.write("data: hello\n\n");
    else res.writeHead(200, { "content-type": "text/event-stream" }).write("data: hello\n\n");
  };
  if (path.startsWith("/download")) res.writeHead(200, { "Content-Type": "text/plain" }).write("part");
  else if (path.startsWith("/late")) begin.set(path, stream);
  else stream();
}

function guarded(options: BunkerOptions = {}): Bunker {
  begin = new Map();
  const guard = bunker({
    store: new MemoryStore(),
    logger: false,
    bunkernet: false,
    trustProxy: "loopback",
    ...options,
  });
  guards.push(guard);
  return guard;
}

async function listen(made: Server | Http2Server): Promise<number> {
  servers.push(made);
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  return (made.address() as AddressInfo).port;
}

async function http1(
  options: BunkerOptions = {},
): Promise<{ port: number; guard: Bunker; undo: () => void }> {
  const guard = guarded(options);
  const made = createHttp(EXPRESS.app([guard], app));
  const undo = guard.guard(made);
  return { port: await listen(made), guard, undo };
}

interface Stream {
  readonly begun: boolean;
  readonly ended: boolean;
}

function open(port: number, path: string, from: string): Stream {
  const state = { begun: false, ended: false };
  const end = (): void => void (state.ended = true);
  const req = request({ port, path, agent: false, headers: { "X-Forwarded-For": from } }, (res) => {
    res.on("data", () => (state.begun = true)).on("error", end);
    res.on("close", end);
  });
  req.on("error", end).end();
  return state;
}

test("R10 a ban ends the client's open event streams, nobody else's and no download", async () => {
  const { port, guard } = await http1();
  const mine = ["/set", "/head"].map((path) => open(port, path, BANNED));
  const download = open(port, "/download", BANNED);
  const other = open(port, "/set", OTHER);
  await until(() => [...mine, download, other].every(({ begun }) => begun));
  await guard.bans.add(BANNED);
  await until(() => mine.every(({ ended }) => ended));
  expect([download.ended, other.ended]).toEqual([false, false]);
});

test("R10 a stream that begins only after the ban is ended, too", async () => {
  const { port, guard } = await http1();
  const late = open(port, "/late", BANNED);
  const begun = open(port, "/set", BANNED);
  await until(() => begin.size > 0 && begun.begun);
  await guard.bans.add(BANNED);
  await until(() => begun.ended);
  begin.get("/late")?.();
  await until(() => late.ended);
});

test("R10 who is allowed, or skipped, keeps the stream", async () => {
  const skip = (req: IncomingMessage): boolean => req.url === "/set/skipped";
  const { port, guard } = await http1({ allow: [OTHER], skip });
  const kept = [open(port, "/set", OTHER), open(port, "/set/skipped", BANNED)];
  const ended = open(port, "/set", BANNED);
  await until(() => [...kept, ended].every(({ begun }) => begun));
  await guard.bans.add(BANNED);
  await guard.bans.add(OTHER);
  await until(() => ended.ended);
  expect(kept.map((one) => one.ended)).toEqual([false, false]);
});

test("R10 detect mode ends no stream, and neither does a guard that was undone", async () => {
  const store = new MemoryStore();
  const detecting = await http1({ store, mode: "detect" });
  const undone = await http1({ store });
  const blocking = await http1({ store });
  const [seen, kept, ended] = [detecting, undone, blocking].map(({ port }) => open(port, "/set", BANNED));
  await until(() => [seen, kept, ended].every((stream) => stream?.begun));
  undone.undo();
  await blocking.guard.bans.add(BANNED);
  await until(() => ended?.ended);
  expect([seen?.ended, kept?.ended]).toEqual([false, false]);
});

test("R10 streams of banned clients that detect mode let begin are ended when it is over", async () => {
  const { port, guard } = await http1();
  await guard.bans.add(BANNED);
  await guard.mode("detect");
  const [mine, other] = [open(port, "/set", BANNED), open(port, "/set", OTHER)];
  await until(() => mine.begun && other.begun);
  await guard.mode("configured");
  await until(() => mine.ended);
  expect(other.ended).toBe(false);
});

test("R10 on HTTP/2 only the banned client's event streams are reset, the session goes on", async () => {
  const guard = guarded();
  const made = createHttp2((req, res) =>
    guard(req as unknown as IncomingMessage, res as unknown as ServerResponse, () =>
      app(req as unknown as IncomingMessage, res as unknown as ServerResponse),
    ),
  );
  guard.guard(made as unknown as Parameters<Bunker["guard"]>[0]);
  const session = connectHttp2(`http://127.0.0.1:${await listen(made)}`);
  const openStream = (path: string, from: string): Stream & { code: number | undefined } => {
    const state = { begun: false, ended: false, code: undefined as number | undefined };
    const stream = session.request({ ":path": path, "x-forwarded-for": from });
    stream.on("data", () => (state.begun = true)).on("error", () => undefined);
    stream.on("close", () => {
      state.ended = true;
      state.code = stream.rstCode;
    });
    return state;
  };
  const mine = ["/set", "/head"].map((path) => openStream(path, BANNED));
  const others = [openStream("/download", BANNED), openStream("/set", OTHER)];
  await until(() => [...mine, ...others].every(({ begun }) => begun));
  await guard.bans.add(BANNED);
  await until(() => mine.every(({ ended }) => ended));
  expect(mine.map(({ code }) => code)).toEqual([8, 8]);
  expect(others.map(({ ended }) => ended)).toEqual([false, false]);
  expect(session.closed).toBe(false);
  session.destroy();
});
