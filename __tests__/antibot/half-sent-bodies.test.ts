import { createServer, type RequestListener, type Server } from "node:http";
import { connect as connect2, createServer as createServer2, type Http2Server } from "node:http2";
import { connect, type Socket } from "node:net";
import { antibot, MemoryStore } from "../../src/index.js";
import { Jar } from "../support/ask.js";
import { openChallenge, post, solve, workOf } from "../support/work.js";

const SECRET = "a secret of enough characters";
const FORM = "application/x-www-form-urlencoded";

const closing: (() => void)[] = [];

afterEach(() => {
  jest.useRealTimers();
  for (const close of closing.splice(0)) close();
});

const gate = (): RequestListener => {
  const middleware = antibot({
    challenge: "javascript",
    difficulty: 16,
    logger: false,
    store: new MemoryStore(),
    sessions: { secret: SECRET },
  });
  return (req, res) => middleware(req, res, () => res.end("in"));
};

async function listen(server: Server | Http2Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  return (server.address() as { port: number }).port;
}

/** Only the timers of the code under test stand still: sockets and the event loop go on. */
const stopTimers = (): void =>
  void jest.useFakeTimers({
    doNotFake: [
      "Date",
      "hrtime",
      "nextTick",
      "performance",
      "queueMicrotask",
      "setImmediate",
      "clearImmediate",
      "setInterval",
      "clearInterval",
    ],
  });

/** Waits without timers, which stand still. */
async function turn(condition: () => boolean): Promise<void> {
  const end = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`never so: ${condition.toString()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

interface HalfSent {
  readonly socket: Socket;
  text: string;
  closed: boolean;
}

/** Sends the head of a post and a part of its body. */
function halfSend(port: number, path: string, part: string, headers = ""): HalfSent {
  const socket = connect(port, "127.0.0.1");
  const half: HalfSent = { socket, text: "", closed: false };
  socket.on("data", (chunk) => (half.text += chunk.toString("latin1")));
  socket.on("error", () => undefined).on("close", () => (half.closed = true));
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: site.test\r\nContent-Type: ${FORM}\r\n${headers}Content-Length: ${part.length + 1}\r\n\r\n${part}`,
  );
  closing.push(() => socket.destroy());
  return half;
}

test("R31 400 half-sent bodies are given up after ten seconds: status 408, and the connections are closed", async () => {
  const server = createServer(gate());
  const port = await listen(server);
  stopTimers();
  // Some at the challenge's URI, some forms that the gate would keep.
  const document = `Accept: text/html\r\nSec-Fetch-Site: same-origin\r\n`;
  const halves = Array.from({ length: 400 }, (_, i) =>
    i % 2 === 0 ? halfSend(port, "/challenge", "state=a") : halfSend(port, "/save", "word=a", document),
  );
  await turn(() => jest.getTimerCount() === 400);
  jest.advanceTimersByTime(9_999);
  expect(jest.getTimerCount()).toBe(400);
  jest.advanceTimersByTime(1);
  expect(jest.getTimerCount()).toBe(0);
  await turn(() => halves.every(({ closed }) => closed));
  expect(new Set(halves.map(({ text }) => text.slice(0, 12)))).toEqual(new Set(["HTTP/1.1 408"]));
  const open = await new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
  expect(open).toBe(0);
});

test("R31 90 HTTP/2 streams with half-sent bodies are given up after ten seconds, and the session goes on", async () => {
  const open = new Set<object>();
  const server = createServer2(gate() as never);
  server.on("stream", (stream) => {
    open.add(stream);
    stream.on("close", () => open.delete(stream));
  });
  const port = await listen(server);
  const session = connect2(`http://127.0.0.1:${port}`);
  closing.push(() => session.destroy());
  stopTimers();
  const statuses: number[] = [];
  let closed = 0;
  for (let i = 0; i < 90; i++) {
    const stream = session.request({ ":method": "POST", ":path": "/challenge", "content-type": FORM });
    stream.on("response", (got) => statuses.push(got[":status"] ?? 0));
    stream.on("error", () => undefined).on("close", () => closed++);
    stream.resume();
    stream.write("state=a");
  }
  await turn(() => jest.getTimerCount() === 90);
  jest.advanceTimersByTime(10_000);
  await turn(() => closed === 90 && open.size === 0);
  expect([statuses.length, new Set(statuses)]).toEqual([90, new Set([408])]);
  expect(session.closed).toBe(false);
});

test("R31 half-sent bodies hold 16 MB together: the oldest go first, and a person's answer is still read", async () => {
  const port = await listen(createServer(gate()));
  const url = `http://127.0.0.1:${port}`;
  stopTimers();
  const part = `form=${"x".repeat(31_000)}`;
  const halves: HalfSent[] = [];
  // In order, a hundred at a time, so that the oldest are known.
  for (let batch = 0; batch < 7; batch++) {
    for (let i = 0; i < 100; i++) halves.push(halfSend(port, "/challenge/form", part));
    await turn(() => halves.every(({ socket }) => socket.writableLength === 0 && !socket.connecting));
    const sent = halves.length;
    await turn(() => jest.getTimerCount() + halves.filter(({ text }) => text !== "").length >= sent);
  }
  await turn(() => halves.slice(0, 100).every(({ closed }) => closed));
  jest.useRealTimers();
  const jar = new Jar();
  const work = workOf((await openChallenge(url, "/", jar)).text);
  const got = await post(url, work.action, { state: work.state, challenge: solve(work) }, jar);
  expect(got.status).toBe(200);
  const dropped = halves.map(({ text }) => text.slice(0, 12));
  expect(new Set(dropped.slice(0, 100))).toEqual(new Set(["HTTP/1.1 503"]));
  expect(new Set(dropped.slice(-100))).toEqual(new Set([""]));
  const held = dropped.filter((text) => text === "").length * part.length;
  expect(held).toBeLessThanOrEqual(16 * 2 ** 20);
});
