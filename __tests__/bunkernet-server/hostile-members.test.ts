import { spawnSync } from "node:child_process";
import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { setImmediate as breathe } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { readJsonBody } from "../../src/bunkernet-server/json-body.js";
import { call, DAY, listOf, members, register, report, reportOf, startNet, type Net } from "./members.js";

const ATTACKER = "8.8.8.8";
const CALM = { maxCalls: 10_000, maxInstanceCalls: 10_000 };

let net: Net;
afterEach(() => net.close());

describe("R30 R2 a server that trusts every address as a proxy", () => {
  test("R30 R2 does not let one member vote under many addresses", async () => {
    net = await startNet({ trustProxy: true });
    const id = await register(net, "50.0.0.9");
    net.clock.advance(DAY);
    for (let index = 0; index < 9; index++)
      await report(net, `60.${index}.1.1`, id, [reportOf(ATTACKER)], {});
    expect(net.server.status()).toMatchObject({ voters: 1, votes: 1, listed: 0 });
  });

  test("R30 R2 counts calls and registrations by the socket", async () => {
    net = await startNet({ trustProxy: true, maxRegistrations: 3 });
    const answers: number[] = [];
    for (let index = 0; index < 5; index++)
      answers.push((await call(net, "POST", "/register", `60.${index}.1.1`, {})).status);
    expect(answers).toEqual([200, 200, 200, 429, 429]);
  });
});

test("R30 a report by a connection that was reset is no further vote", async () => {
  net = await startNet({ trustProxy: [] });
  const id = await register(net, "");
  net.clock.advance(DAY);
  const body = JSON.stringify({ id, reports: [reportOf(ATTACKER)] });
  const text = [
    "POST /report HTTP/1.1",
    "Host: bunkernet.test",
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    "",
    body,
  ].join("\r\n");
  const script = `
    const socket = require("node:net").connect(${new URL(net.served.url).port}, "127.0.0.1", () =>
      socket.write(${JSON.stringify(text)}, () => socket.resetAndDestroy()));
    socket.on("error", () => undefined);`;
  // While it runs, this process reads nothing: the reset is there before the report is looked at.
  expect(spawnSync(process.execPath, ["-e", script], { timeout: 60_000 }).status).toBe(0);
  await report(net, "", id, [reportOf(ATTACKER)]);
  expect(net.server.status()).toMatchObject({ voters: 1, votes: 1 });
});

test("R30 one id keeps eight networks off the list a day, not a whole botnet", async () => {
  net = await startNet(CALM);
  const people = await members(net, 4);
  const id = await register(net, "70.0.0.1");
  net.clock.advance(DAY);
  const bots = Array.from({ length: 12 }, (_, index) => `80.0.${index}.1`);
  for (const bot of bots) await listOf(net, bot, id);
  // What is known already is not counted again.
  for (const bot of bots.slice(0, 8)) await listOf(net, bot, id);
  for (const one of people.slice(0, 3))
    await report(
      net,
      one.from,
      one.id,
      bots.map((bot) => reportOf(bot)),
    );
  const reader = people[3] as { id: string; from: string };
  expect(await listOf(net, reader.from, reader.id)).toEqual(bots.slice(8).sort());
});

describe("R33 bodies", () => {
  const large = (bytes: number): string => `{"id":[${"[],".repeat(bytes / 3)}[]]}`;

  test("R33 a large body counts as several calls before anybody takes it apart", async () => {
    net = await startNet();
    const answers: number[] = [];
    // Of 300 calls a minute, each of these takes 60.
    for (let index = 0; index < 6; index++)
      answers.push((await call(net, "POST", "/report", "60.1.1.1", large(3_900_000))).status);
    expect(answers).toEqual([401, 401, 401, 401, 401, 429]);
    expect((await call(net, "GET", "/ping", "60.1.1.1")).status).toBe(429);
    expect((await call(net, "GET", "/ping", "61.1.1.1")).status).toBe(200);
    net.clock.advance(60);
    expect((await call(net, "GET", "/ping", "60.1.1.1")).status).toBe(200);
  });

  test("R33 the largest body fits whatever few calls are allowed", async () => {
    net = await startNet({ maxCalls: 3 });
    expect((await call(net, "POST", "/report", "60.1.1.1", large(3_900_000))).status).toBe(401);
    expect((await call(net, "POST", "/report", "60.1.1.1", large(3_900_000))).status).toBe(429);
  });

  test("R33 a body in pieces of a byte is not kept in pieces", async () => {
    net = await startNet();
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const body = new PassThrough();
    const req = Object.assign(body, {
      headers: { "transfer-encoding": "chunked" },
    }) as unknown as IncomingMessage;
    const read = readJsonBody(req, { max: 100_000, timeout: 60_000 });
    const text = `{"id":"${"x".repeat(9000)}"}`;
    const pieces: WeakRef<Buffer>[] = [];
    for (const letter of text) {
      const piece = Buffer.alloc(1, letter);
      pieces.push(new WeakRef(piece));
      body.write(piece);
    }
    await breathe();
    await breathe();
    gc();
    const alive = pieces.filter((piece) => piece.deref() !== undefined).length;
    expect(alive).toBeLessThan(pieces.length / 10);
    body.end();
    expect(await read).toEqual({ kind: "object", body: { id: "x".repeat(9000) } });
  });
});
