import {
  connect,
  createServer,
  type ClientHttp2Session,
  type Http2Server,
  type OutgoingHttpHeaders,
} from "node:http2";
import { once } from "node:events";
import { antibot, MemoryStore } from "../../src/index.js";

const SECRET = "a secret of enough characters";

let server: Http2Server;
let session: ClientHttp2Session;
let reached: string[] = [];

beforeEach(async () => {
  reached = [];
  const gate = antibot({
    challenge: "javascript",
    logger: false,
    store: new MemoryStore(),
    sessions: { secret: SECRET },
  });
  server = createServer((req, res) =>
    gate(req as never, res as never, () => {
      reached.push(req.url);
      res.end("in");
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  session = connect(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
});

afterEach(() => {
  session.destroy();
  server.close();
});

async function preflight(headers: OutgoingHttpHeaders, body?: string): Promise<number> {
  const stream = session.request(
    { ":method": "OPTIONS", origin: "https://app.test", "access-control-request-method": "PUT", ...headers },
    { endStream: body === undefined },
  );
  if (body !== undefined) stream.end(body);
  const [got] = (await once(stream, "response")) as [{ ":status": number }];
  stream.resume();
  return got[":status"];
}

test("R9 an HTTP/2 preflight ends with its headers: with a body that no header announces it meets the gate", async () => {
  expect(await preflight({ ":path": "/bare" })).toBe(200);
  expect(await preflight({ ":path": "/body" }, "delete everything")).toBe(403);
  // Content-Length may say 0, or nothing may follow: the stream did not end with its headers.
  expect(await preflight({ ":path": "/open" }, "")).toBe(403);
  expect(reached).toEqual(["/bare"]);
});

test("an HTTP/2 client that sends its body while it is refused sees the stream close", async () => {
  for (let i = 0; i < 5; i++) {
    const stream = session.request({ ":method": "POST", ":path": "/form" }, { endStream: false });
    stream.resume();
    setTimeout(() => stream.end("a=1"), 0);
    const [got] = (await once(stream, "response")) as [{ ":status": number }];
    expect(got[":status"]).toBe(403);
    if (!stream.destroyed) await once(stream, "close");
  }
});
