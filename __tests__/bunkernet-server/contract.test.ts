import { connect } from "node:net";
import { once } from "node:events";
import { BunkerOptionsError, MemoryStore } from "../../src/index.js";
import { bunkernetServer } from "../../src/bunkernet-server/index.js";
import { ask } from "../support/ask.js";
import { HOSTS, serve } from "../support/hosts.js";
import {
  call,
  DAY,
  listGzipped,
  listOf,
  members,
  register,
  report,
  reportOf,
  startNet,
  SYSTEM,
  type Net,
} from "./members.js";

const FROM = "50.0.0.9";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const NOBODY = "00000000-0000-4000-8000-000000000000";

describe("the protocol", () => {
  let net: Net;
  beforeEach(async () => {
    net = await startNet({ minIdAge: 0 });
  });
  afterEach(() => net.close());

  test("POST /register gives out an id", async () => {
    const got = await call(net, "POST", "/register", FROM, SYSTEM);
    expect(got.status).toBe(200);
    expect(got.headers["content-type"]).toBe("application/json");
    expect(Object.keys(got.json).sort()).toEqual(["data", "result"]);
    expect(got.json["result"]).toBe("ok");
    expect(got.json["data"]).toMatch(UUID);
  });

  test("GET /ping with a body answers pong, and without one, too", async () => {
    const id = await register(net, FROM);
    for (const body of [{ ...SYSTEM, id }, undefined, {}]) {
      const got = await call(net, "GET", "/ping", FROM, body);
      expect([got.status, got.text]).toEqual([200, '{"result":"ok","data":"pong"}']);
    }
  });

  test("GET /db answers a list, empty at first", async () => {
    const id = await register(net, FROM);
    const got = await call(net, "GET", "/db", FROM, { ...SYSTEM, id });
    expect([got.status, got.text]).toEqual([200, '{"result":"ok","data":[]}']);
  });

  test("POST /report acknowledges, extra fields and empty batches included", async () => {
    const id = await register(net, FROM);
    for (const reports of [[], [{ ...reportOf("8.8.8.8"), more: { deep: [1] } }]]) {
      const got = await call(net, "POST", "/report", FROM, { ...SYSTEM, id, reports, more: 1 });
      expect([got.status, got.text]).toEqual([200, '{"result":"ok","data":"Report acknowledged."}']);
    }
  });

  test.each([
    ["GET", "/ping"],
    ["GET", "/db"],
    ["POST", "/report"],
  ])("%s %s answers 401 to an unknown id", async (method, path) => {
    for (const id of [NOBODY, "x", "", 7, null, { a: 1 }]) {
      const got = await call(net, method, path, FROM, { ...SYSTEM, id, reports: [] });
      expect([got.status, got.json["result"], typeof got.json["data"]]).toEqual([401, "ko", "string"]);
    }
    const id = await register(net, FROM);
    const forged = id.slice(0, -1) + (id.endsWith("0") ? "1" : "0");
    expect((await call(net, method, path, FROM, { id: forged, reports: [] })).status).toBe(401);
  });

  test("GET /db and POST /report without a body answer 401", async () => {
    expect((await call(net, "GET", "/db", FROM)).status).toBe(401);
    expect((await call(net, "POST", "/report", FROM)).status).toBe(401);
  });

  test("what is no report answers 400", async () => {
    const id = await register(net, FROM);
    const many = Array.from({ length: 101 }, () => reportOf("8.8.8.8"));
    for (const reports of [undefined, "x", {}, null, many])
      expect((await report(net, FROM, id, reports)).status).toBe(400);
    expect((await report(net, FROM, id, many.slice(1))).status).toBe(200);
    for (const body of ["{", "[]", "1", "null", "<html>"])
      expect((await call(net, "POST", "/report", FROM, body)).json["result"]).toBe("ko");
    expect((await call(net, "POST", "/report", FROM, "{")).status).toBe(400);
    const form = await call(net, "POST", "/report", FROM, "a=b", {
      "Content-Type": "application/x-www-form-urlencoded",
    });
    expect(form.status).toBe(400);
  });

  test("a body that is too large answers 413, whether it says so or not", async () => {
    const id = await register(net, FROM);
    const body = JSON.stringify({ id, reports: [], filling: "x".repeat(70_000) });
    expect((await call(net, "GET", "/db", FROM, body)).status).toBe(413);
    const chunked = await ask(net.served.url, "/db", {
      method: "GET",
      from: FROM,
      body,
      headers: { "Transfer-Encoding": "chunked", "Content-Type": "application/json" },
    });
    expect(chunked.status).toBe(413);
  });

  test("other methods answer 405, other paths 404", async () => {
    expect((await call(net, "GET", "/register", FROM)).status).toBe(405);
    expect((await call(net, "GET", "/nothing", FROM)).status).toBe(404);
    expect((await call(net, "GET", "/admin/list", FROM)).status).toBe(404);
  });

  test("the list has an ETag, and is compressed for who can read that", async () => {
    const three = await members(net, 3);
    const { id, from } = three[0] as { id: string; from: string };
    const attackers = Array.from({ length: 60 }, (_, index) => `8.8.4.${index}`);
    for (const one of three)
      await report(
        net,
        one.from,
        one.id,
        attackers.map((ip) => reportOf(ip)),
      );
    const got = await call(net, "GET", "/db", from, { id });
    expect(new Set(got.json["data"] as string[])).toEqual(new Set(attackers));
    const etag = got.headers.etag as string;
    const same = await call(net, "GET", "/db", from, { id }, { "If-None-Match": `"other", ${etag}` });
    expect([same.status, same.text]).toEqual([304, ""]);
    const packed = await listGzipped(net, from, id);
    expect(packed).toEqual({ encoding: "gzip", text: got.text });
    for (const one of three) await report(net, one.from, one.id, [reportOf("9.9.9.9")]);
    const changed = await call(net, "GET", "/db", from, { id }, { "If-None-Match": etag });
    expect(changed.status).toBe(200);
    expect(changed.headers.etag).not.toBe(etag);
  });
});

test.each(HOSTS.map((host) => [host.name, host] as const))("mounts on %s", async (_name, host) => {
  const server = bunkernetServer({ store: new MemoryStore(), logger: false });
  const served = await serve(
    host.app([server], (_req, res) => {
      res.end("site");
    }),
  );
  const got = await ask(served.url, "/register", {
    method: "POST",
    body: JSON.stringify(SYSTEM),
    headers: { "Content-Type": "application/json" },
  });
  expect(got.json["data"]).toMatch(UUID);
  expect((await ask(served.url, "/elsewhere")).text).toBe("site");
  await served.close();
  await server.close();
});

test("too many calls are answered 429 with Retry-After", async () => {
  const net = await startNet({ maxRegistrations: 2, maxCalls: 12, maxReports: 100, maxInstanceCalls: 4 });
  const id = await register(net, FROM);
  await register(net, FROM);
  const third = await call(net, "POST", "/register", "50.0.0.77", SYSTEM);
  expect([third.status, third.json["result"], third.headers["retry-after"]]).toEqual([429, "ko", "3600"]);
  const reports = Array.from({ length: 60 }, () => reportOf("8.8.8.8"));
  expect((await report(net, FROM, id, reports)).status).toBe(200);
  expect((await report(net, FROM, id, reports)).status).toBe(429);
  await call(net, "GET", "/db", FROM, { id });
  await call(net, "GET", "/db", FROM, { id });
  expect((await call(net, "GET", "/db", FROM, { id })).status).toBe(429);
  for (let index = 0; index < 12; index++) await call(net, "GET", "/ping", "51.0.0.1");
  expect((await call(net, "GET", "/ping", "51.0.0.1")).status).toBe(429);
  expect((await call(net, "GET", "/ping", "51.0.0.2")).status).toBe(200);
  net.clock.advance(61);
  expect((await call(net, "GET", "/ping", "51.0.0.1")).status).toBe(200);
  await net.close();
});

test("who does not send its body in time is answered 408", async () => {
  const net = await startNet({ timeout: 50 });
  const socket = connect(net.served.port, "127.0.0.1");
  socket.write(
    "POST /register HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
  );
  let said = "";
  socket.on("data", (chunk) => (said += chunk.toString()));
  await once(socket, "close");
  expect(said).toMatch(/^HTTP\/1\.1 408 /);
  await net.close();
});

test("ids are known again after a restart with the same secret, and on the same store", async () => {
  const secret = "a secret of more than thirty-two characters";
  const before = await startNet({ secret });
  const id = await register(before, FROM);
  await before.close();
  const after = await startNet({ secret }, before.clock);
  expect(await listOf(after, FROM, id)).toEqual([]);
  await after.close();
  const store = new MemoryStore();
  const first = await startNet({ store });
  const kept = await register(first, FROM);
  await first.close();
  const second = await startNet({ store }, first.clock);
  expect(await listOf(second, FROM, kept)).toEqual([]);
  await second.close();
});

test("all wrong options are told of at once, secrets hidden", () => {
  const tokens = { a: "short" };
  const wrong = {
    minInstances: 0,
    windw: DAY,
    weights: { dnsbl: 2 },
    tokens,
    voteBy: "ip",
    admin: { token: "hunter2" },
  };
  let thrown: unknown;
  try {
    bunkernetServer(wrong as never);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(BunkerOptionsError);
  const { message, problems } = thrown as BunkerOptionsError;
  expect(new Set(problems.map(({ path }) => path))).toEqual(
    new Set(["windw", "minInstances", "weights.dnsbl", "tokens.a[0]", "voteBy", "admin.token"]),
  );
  expect(problems.filter(({ path }) => path === "admin.token")).toHaveLength(1);
  expect(message).not.toContain("hunter2");
  expect(message).not.toContain('short"');
  expect(() => bunkernetServer({ voteBy: "token" })).toThrow(/tokens/);
});
