import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { AlertSender } from "../../src/alerts/alert-sender.js";
import { alertsCheck, type AlertOptions, type AlertResolved } from "../../src/alerts/options.js";
import { bunker, MemoryStore, type BunkerEvent } from "../../src/index.js";
import { Clock } from "../support/clock.js";
import { ask } from "../support/ask.js";
import { site } from "../support/site.js";

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly json: Record<string, unknown>;
}

let server: Server;
let url: string;
let received: Received[];
let reply: { status: number; headers?: Record<string, string> };

beforeEach(async () => {
  received = [];
  reply = { status: 200 };
  server = createServer((req, res) => {
    let body = "";
    req.on("data", (chunk: Buffer) => (body += chunk.toString()));
    req.on("end", () => {
      received.push({ headers: req.headers, body, json: JSON.parse(body) as Record<string, unknown> });
      res.writeHead(reply.status, reply.headers).end("ok");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/geheim`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

/** Reads the options of one alert. */
function resolved(options: Partial<AlertOptions>): AlertResolved {
  const [one] = alertsCheck.read([{ url, ...options }], "alerts", ({ path }) => {
    throw new Error(path);
  }) as AlertResolved[];
  return one as AlertResolved;
}

function ban(ip: string, clock: Clock, reason = "bad behavior"): BunkerEvent {
  return {
    type: "banned",
    time: new Date(clock.now()),
    id: "c0ffee",
    ip,
    service: "shop.test",
    protection: "bad-behavior",
    reason,
    data: {},
    mode: "block",
  };
}

/** A sender with a clock that only the test moves, and what went wrong. */
function senderWith(options: Partial<AlertOptions> = {}) {
  const clock = new Clock();
  const problems: string[] = [];
  const sender = new AlertSender(resolved(options), clock.now, (problem) => problems.push(problem));
  return { clock, problems, sender };
}

test("what happens within a few seconds is one message, and the next of its kind comes a minute later", async () => {
  const { clock, sender } = senderWith();
  for (let i = 0; i < 50; i++) sender.add(ban(`9.9.9.${i}`, clock));
  await sender.flush();
  expect(received).toHaveLength(0);
  clock.advance(5);
  await sender.flush();
  expect(received.map(({ json }) => json)).toMatchObject([
    {
      version: 1,
      kind: "banned",
      count: 50,
      reasons: { "bad-behavior: bad behavior": 50 },
      services: { "shop.test": 50 },
    },
  ]);
  expect(received[0]?.json["text"]).toMatch(/^express-bunker on \S+: 50 clients banned$/);
  sender.add(ban("8.8.8.8", clock));
  clock.advance(59);
  await sender.flush();
  expect(received).toHaveLength(1);
  clock.advance(1);
  await sender.flush();
  expect(received[1]?.json).toMatchObject({ count: 1 });
  await sender.close();
});

test("no address is sent unless it is asked for, and then the last twenty", async () => {
  for (const addresses of [false, true]) {
    received = [];
    const { clock, sender } = senderWith({ addresses });
    for (let i = 0; i < 50; i++) sender.add(ban(`9.9.9.${i}`, clock));
    clock.advance(5);
    await sender.flush();
    expect(received[0]?.body.includes("9.9.9.")).toBe(addresses);
    const sent = received[0]?.json["addresses"] as string[] | undefined;
    expect(sent?.length).toBe(addresses ? 20 : undefined);
    await sender.close();
  }
});

test("JSON is signed with the time, as documented", async () => {
  const secret = "a secret of enough characters";
  const { clock, sender } = senderWith({ secret });
  sender.add(ban("9.9.9.9", clock));
  clock.advance(5);
  await sender.flush();
  const [one] = received;
  const [, time, signature = ""] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(
    String(one?.headers["x-bunker-signature"]),
  ) as RegExpExecArray;
  const expected = createHmac("sha256", secret).update(`${time}.${one?.body}`).digest("hex");
  expect(timingSafeEqual(Buffer.from(signature), Buffer.from(expected))).toBe(true);
  expect(Number(time)).toBe(Math.floor(clock.now() / 1000));
  await sender.close();
});

test("Slack gets a text in which names from clients begin no mention and no link", async () => {
  const { clock, sender } = senderWith({ format: "slack", secret: "a secret of enough characters" });
  sender.add(ban("9.9.9.9", clock, "<!channel> & <https://evil.test|here>\n\u202e"));
  clock.advance(5);
  await sender.flush();
  expect(Object.keys(received[0]?.json ?? {})).toEqual(["text"]);
  const text = String(received[0]?.json["text"]);
  expect(text).toContain("1 client banned\n• 1 × bad-behavior: &lt;!channel&gt; &amp; &lt;https");
  expect(text).not.toMatch(/[<>\u202e]/);
  expect(received[0]?.headers["x-bunker-signature"]).toBeUndefined();
  await sender.close();
});

test("a webhook that fails is asked again after growing pauses, and nothing is lost", async () => {
  const { clock, problems, sender } = senderWith();
  reply = { status: 500 };
  sender.add(ban("9.9.9.9", clock));
  clock.advance(5);
  await sender.flush();
  sender.add(ban("8.8.8.8", clock));
  for (const pause of [60, 120]) {
    clock.advance(pause - 1);
    await sender.flush();
    const before = received.length;
    clock.advance(1);
    await sender.flush();
    expect(received.length).toBe(before + 1);
  }
  expect(problems).toHaveLength(3);
  // The address of a webhook is a secret.
  expect(problems.join()).toMatch(/127\.0\.0\.1:\d+ responded 500/);
  expect(problems.join()).not.toContain("geheim");
  reply = { status: 429, headers: { "Retry-After": "1000" } };
  clock.advance(240);
  await sender.flush();
  clock.advance(999);
  await sender.flush();
  expect(received).toHaveLength(4);
  reply = { status: 204 };
  clock.advance(1);
  await sender.flush();
  expect(received.at(-1)?.json).toMatchObject({ count: 2 });
  await sender.close();
});

test("a flood of a million clients is one message of bounded size", async () => {
  const { clock, sender } = senderWith({ addresses: true });
  for (let i = 0; i < 1_000_000; i++)
    sender.add({
      ...ban(`11.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, clock),
      reason: `r${i}`,
      service: `s${i}`,
    });
  clock.advance(5);
  await sender.flush();
  expect(received).toHaveLength(1);
  expect(received[0]?.json).toMatchObject({ count: 1_000_000 });
  expect(received[0]?.body.length).toBeLessThan(4096);
  await sender.close();
});

test("a guard tells its alerts of bans, faults and warnings; middlewares with the same alert share it, and close sends the rest", async () => {
  const alerts: AlertOptions[] = [{ url }];
  const store = new MemoryStore();
  const second = bunker({ store, logger: false, bunkernet: false, alerts });
  const { url: origin, guard } = await site(
    (shared) => bunker({ ...shared, bunkernet: false, alerts, badBehavior: { threshold: 1 } }),
    { store },
  );
  await ask(origin, "/missing", { from: "9.9.9.9" });
  guard.events.warn("WRN_BUNKER_TEST", "something to look at");
  await guard.close();
  expect(received).toHaveLength(0);
  await second.close();
  expect(received.map(({ json }) => [json["kind"], json["count"]]).sort()).toEqual([
    ["banned", 1],
    ["warning", 1],
  ]);
  expect(received.find(({ json }) => json["kind"] === "warning")?.json["reasons"]).toEqual({
    "WRN_BUNKER_TEST: something to look at": 1,
  });
});

test("wrong alerts are named in one error, without the secrets in them", () => {
  const wrong = () =>
    bunker({
      alerts: [
        { url: "ftp://user:geheim@host" },
        { url, every: 10 },
        { format: "json" } as never,
        { url, secret: "kurz" },
      ],
    });
  expect(wrong).toThrow(/alerts\[0\]\.url[^]*alerts\[1\]\.every[^]*alerts\[2\]\.url[^]*alerts\[3\]\.secret/);
  try {
    wrong();
  } catch (error) {
    expect(String(error)).not.toMatch(/geheim|kurz/);
  }
});

test("a webhook that hangs holds up close for a second at most, and a dead one raises a fault", async () => {
  const faults: BunkerEvent[] = [];
  const guard = bunker({
    store: new MemoryStore(),
    logger: false,
    bunkernet: false,
    alerts: [{ url: "http://127.0.0.1:1/hook" }],
    events: { fault: (event) => faults.push(event) },
  });
  await guard.bans.add("9.9.9.9");
  await guard.close();
  expect(faults.map(({ protection, reason }) => `${protection} ${reason}`)).toEqual(["alerts webhook"]);
});
