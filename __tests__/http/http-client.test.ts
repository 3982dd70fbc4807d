import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { deflateSync, gzipSync, brotliCompressSync } from "node:zlib";
import { HttpError, send, type HttpRequest } from "../../src/http/http-client.js";

let server: Server;
let origin: string;
let answer: RequestListener;
let requests: IncomingMessage[];

beforeAll(async () => {
  server = createServer((req, res) => {
    requests.push(req);
    answer(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  requests = [];
  answer = (_req, res) => res.end("hello");
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const get = (extra: Partial<HttpRequest> = {}, path = "/"): ReturnType<typeof send> =>
  send({ method: "GET", url: new URL(path, origin), headers: {}, timeout: 5000, maxBytes: 1000, ...extra });

/** The error that a call ends with. */
async function failureOf(call: Promise<unknown>): Promise<HttpError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof HttpError) return error;
    throw error;
  }
  throw new Error("the call did not fail");
}

test("a GET carries a body", async () => {
  answer = (req, res) => req.pipe(res);
  expect(await get({ body: '{"é":1}' })).toMatchObject({ status: 200, body: '{"é":1}' });
  expect(requests[0]?.headers).toMatchObject({ "content-length": "8" });
});

test.each([
  ["before the headers", () => undefined],
  ["in the body", (_req, res) => void res.write("half")],
] as [string, RequestListener][])("the whole call is limited: silence %s", async (_name, listener) => {
  answer = listener;
  const error = await failureOf(get({ timeout: 200 }));
  expect(error).toMatchObject({ kind: "timeout", message: "no complete response within 200 ms" });
});

test("a streamed body may take longer in all, but no silence may", async () => {
  answer = (_req, res) => {
    let left = 4;
    const timer = setInterval(() => (left-- > 0 ? res.write("x") : (clearInterval(timer), res.end())), 150);
  };
  let text = "";
  const stream = { take: (chunk: Buffer) => void (text += chunk.toString()), timeout: 10_000, maxBytes: 100 };
  expect(await get({ timeout: 500, stream })).toMatchObject({ status: 200, body: "" });
  expect(text).toBe("xxxx");
  answer = (_req, res) => void res.write("x");
  expect((await failureOf(get({ timeout: 200, stream }))).kind).toBe("timeout");
});

test("the time that the taker of a stream needs is not the other side's silence", async () => {
  answer = (_req, res) => {
    res.write("x");
    setTimeout(() => res.end("y"), 100);
  };
  const take = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 400));
  expect(await get({ timeout: 300, stream: { take, timeout: 10_000, maxBytes: 100 } })).toMatchObject({
    status: 200,
  });
});

test.each([true, false])("a body that is too large is refused (Content-Length: %s)", async (declared) => {
  answer = (_req, res) => {
    if (declared) res.setHeader("Content-Length", 1001);
    res.end("x".repeat(1001));
  };
  expect(await failureOf(get())).toMatchObject({ kind: "too large", message: "larger than 1000 bytes" });
});

test.each([
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
] as const)("a %s body is decompressed, and its limit is that of the text", async (encoding, compress) => {
  answer = (req, res) => {
    res.setHeader("Content-Encoding", encoding).end(compress("x".repeat(req.url === "/" ? 900 : 1_000_000)));
  };
  expect((await get({ compressed: true })).body).toBe("x".repeat(900));
  expect(requests[0]?.headers["accept-encoding"]).toContain(encoding);
  expect((await failureOf(get({ compressed: true }, "/bomb"))).kind).toBe("too large");
});

test("a compressed body that is broken or cut short fails", async () => {
  answer = (_req, res) => res.setHeader("Content-Encoding", "gzip").end("not gzip");
  expect((await failureOf(get({ compressed: true }))).kind).toBe("failed");
  answer = (_req, res) => res.setHeader("Content-Encoding", "gzip").end(gzipSync("hello").subarray(0, 15));
  expect((await failureOf(get({ compressed: true }))).kind).toBe("failed");
});

test("redirects are followed only as often as they may be, and to http only", async () => {
  answer = (req, res) => {
    const [, left = "0"] = /(\d+)$/.exec(req.url ?? "") ?? [];
    if (left === "0") res.end("there");
    else res.writeHead(307, { Location: `./${Number(left) - 1}` }).end("moved");
  };
  expect(await get({}, "/1")).toMatchObject({ status: 307, body: "moved" });
  expect(await get({ maxRedirects: 2 }, "/2")).toMatchObject({ status: 200, body: "there" });
  expect((await failureOf(get({ maxRedirects: 2 }, "/3"))).kind).toBe("redirect");
  answer = (_req, res) => res.writeHead(301, { Location: "file:///etc/passwd" }).end();
  expect((await failureOf(get({ maxRedirects: 2 }))).kind).toBe("redirect");
});

test("a user and password go along with redirects of the same origin and to no other", async () => {
  const other = createServer((req, res) => {
    requests.push(req);
    res.end();
  });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  answer = (req, res) => {
    const to =
      req.url === "/" ? `${origin}/next` : `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
    res.writeHead(302, { Location: to }).end();
  };
  const url = new URL(origin);
  url.username = "user";
  url.password = "p@ss";
  await get({ url, maxRedirects: 5 });
  const basic = `Basic ${Buffer.from("user:p@ss").toString("base64")}`;
  expect(requests.map(({ headers }) => headers.authorization)).toEqual([basic, basic, undefined]);
  await new Promise((resolve) => other.close(resolve));
});

test("a call ends with its signal, before and after the headers", async () => {
  for (const listener of [() => undefined, (_req, res) => void res.write("x")] as RequestListener[]) {
    answer = listener;
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    expect((await failureOf(get({ signal: controller.signal }))).kind).toBe("failed");
  }
  expect((await failureOf(get({ signal: AbortSignal.abort() }))).kind).toBe("failed");
  expect(requests).toHaveLength(2);
});

test("a connection that is closed, or switched to another protocol, is no response", async () => {
  answer = (req) => req.socket.destroy();
  expect((await failureOf(get())).kind).toBe("failed");
  answer = (req) =>
    req.socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
  expect((await failureOf(get())).message).toBe("closed without a response");
  answer = (_req, res) => {
    res.writeHead(200, { "Content-Length": 10 }).write("half");
    setTimeout(() => res.destroy(), 50);
  };
  expect((await failureOf(get())).kind).toBe("failed");
});

test("the body of a status that is not wanted is not read", async () => {
  answer = (_req, res) => {
    res.writeHead(404);
    res.write("x".repeat(5000));
  };
  expect(await get({ reads: (status) => status === 200 })).toMatchObject({ status: 404, body: "" });
});
