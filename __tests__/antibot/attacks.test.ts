import { createServer } from "node:http";
import { connect } from "node:net";
import express from "express";
import { antibot, badBehavior, BanList, bunker, MemoryStore, type ChallengeKind } from "../../src/index.js";
import { ask, browse, Jar, NAVIGATION } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { EXPRESS, HOSTS, plainSite, serve, type Host, type Served } from "../support/hosts.js";
import { openChallenge, post, solve, workOf } from "../support/work.js";

const SECRET = "a secret of enough characters";
const VISITOR = "8.8.8.8";
let served: Served | undefined;

afterEach(async () => {
  await served?.close();
  served = undefined;
});

test("R14 one solution, posted from many networks, is one pass; one challenge is one guess, whoever makes it", async () => {
  const gate = antibot({
    challenge: "javascript",
    difficulty: 16,
    logger: false,
    store: new MemoryStore(),
    sessions: { secret: SECRET },
  });
  served = await serve(EXPRESS.app([gate], plainSite));
  const jar = new Jar();
  const work = workOf((await openChallenge(served.url, "/", jar, { from: VISITOR })).text);
  const challenge = solve(work);
  let passed = 0;
  for (let i = 0; i < 40; i++) {
    if (
      (await post(served.url, "/challenge", { state: work.state, challenge }, jar, { from: `20.${i}.0.1` }))
        .status === 200
    )
      passed++;
  }
  expect(passed).toBe(1);
});

test("R21 a captcha stands in for the proof of work only: no vendor's challenge becomes cheaper by it", async () => {
  const gate = antibot({
    challenge: "turnstile",
    turnstile: { siteKey: "key", secret: "secret" },
    logger: false,
    store: new MemoryStore(),
    sessions: { secret: SECRET },
  });
  served = await serve(EXPRESS.app([gate], plainSite));
  const page = await openChallenge(served.url, "/", new Jar(), { from: VISITOR });
  expect(/<noscript>.*<\/noscript>/s.exec(page.text)![0]).not.toContain("href");
});

test("R16 the cheapest challenge does not keep the dearest alive", async () => {
  const clock = new Clock();
  const store = new MemoryStore({ now: clock.now });
  const gate = antibot({
    challenge: "cookie",
    difficulty: 16,
    timeValid: 1000,
    renew: false,
    logger: false,
    now: clock.now,
    store,
    sessions: { secret: SECRET },
  });
  const app = express();
  app.set("trust proxy", "loopback");
  app.get("/vip", gate.require("javascript"), (_req, res) => void res.end("vip"));
  app.use(gate);
  app.use(plainSite);
  served = await serve(app);
  const jar = new Jar();
  await browse(served.url, "/", { jar, from: VISITOR });
  const work = workOf((await openChallenge(served.url, "/vip", jar, { from: VISITOR })).text);
  jar.take(
    await post(served.url, "/challenge", { state: work.state, challenge: solve(work) }, jar, {
      from: VISITOR,
    }),
  );
  const vip = async (): Promise<string> =>
    (await ask(served!.url, "/vip", { from: VISITOR, headers: jar.header })).text;
  expect(await vip()).toBe("vip");
  const form = {
    ...NAVIGATION,
    "Content-Type": "application/x-www-form-urlencoded",
    "Sec-Fetch-Site": "same-origin",
  };
  for (let i = 0; i < 3; i++) {
    clock.advance(400);
    // A page with a cookie challenge in it, got without the pass; answered with it.
    const bare = {
      Cookie: jar.names
        .filter((name) => name.includes("_b"))
        .map((name) => `${name}=${jar.get(name)!}`)
        .join("; "),
    };
    const page = await ask(served.url, "/x", {
      method: "POST",
      from: VISITOR,
      headers: { ...form, ...bare },
      body: "a=1",
    });
    const state = /name="state" value="([^"]+)"/.exec(page.text)![1]!;
    jar.take(await post(served.url, "/challenge/form", { state }, jar, { from: VISITOR }));
  }
  expect((await ask(served.url, "/", { from: VISITOR, headers: jar.header })).text).toBe("site: /");
  expect(await vip()).toContain("urn:express-bunker:challenge");
});

test("a client that is challenged for bad behaviour and let through again earns the next ban as anybody does", async () => {
  const guard = bunker({
    logger: false,
    store: new MemoryStore(),
    badBehavior: { banAction: "challenge" },
    antibot: { challenge: "cookie", ignoreUri: ["^/missing"] },
  });
  served = await serve(EXPRESS.app([guard], plainSite));
  for (let i = 0; i < 10; i++) await ask(served.url, "/missing", { from: VISITOR });
  expect((await guard.bans.get(VISITOR))!.action).toBe("challenge");
  const jar = new Jar();
  await browse(served.url, "/", { jar, from: VISITOR });
  const statuses: number[] = [];
  for (let i = 0; i < 12; i++)
    statuses.push((await ask(served.url, "/missing", { from: VISITOR, headers: jar.header })).status);
  expect(statuses).toEqual([...Array<number>(10).fill(404), 403, 403]);
  expect((await guard.bans.get(VISITOR))!.action).toBe("deny");
});

test("R24 one page opened from another site among nine pictures makes the evidence no longer wholly subresources", async () => {
  const guard = badBehavior({ logger: false, store: new MemoryStore() });
  served = await serve(EXPRESS.app([guard], plainSite));
  for (let i = 0; i < 9; i++)
    await ask(served.url, "/missing", {
      from: VISITOR,
      headers: { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image" },
    });
  await ask(served.url, "/missing", {
    from: VISITOR,
    headers: { ...NAVIGATION, "Sec-Fetch-Site": "cross-site" },
  });
  const ban = (await guard.bans.get(VISITOR))!;
  expect((ban.expires!.getTime() - ban.date.getTime()) / 1000).toBeCloseTo(86_400, 1);
});

test("another site's page cannot push a visitor up the ladder", async () => {
  const gate = antibot({
    challenge: ["cookie", "javascript"],
    logger: false,
    store: new MemoryStore(),
    sessions: { secret: SECRET },
  });
  served = await serve(EXPRESS.app([gate], plainSite));
  const steps = await browse(served.url, "/deep", { keepCookies: false, from: "9.9.9.9" });
  const target = steps.at(-2)!.headers.location!;
  for (let i = 0; i < 5; i++)
    await ask(served.url, target, {
      from: VISITOR,
      headers: {
        Accept: "image/*",
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Dest": "image",
        "Sec-Fetch-Mode": "no-cors",
      },
    });
  expect((await browse(served.url, "/", { from: VISITOR })).at(-1)!.text).toBe("site: /");
});

test.each(HOSTS.filter(({ name }) => name.startsWith("Express")))(
  "$name: a JSON parser mounted before the gate takes nothing from its forms",
  async (host: Host) => {
    const gate = antibot({
      challenge: "javascript",
      difficulty: 16,
      logger: false,
      store: new MemoryStore(),
      sessions: { secret: SECRET },
    });
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const parser = (host.name === "Express 4" ? (require("express4") as typeof express) : express).json();
    served = await serve(host.app([parser as never, gate], plainSite));
    const jar = new Jar();
    const work = workOf((await openChallenge(served.url, "/", jar, { from: VISITOR })).text);
    expect(
      (
        await post(served.url, "/challenge", { state: work.state, challenge: solve(work) }, jar, {
          from: VISITOR,
        })
      ).status,
    ).toBe(200);
  },
);

test("a hook that throws on what a client sends harms nothing: no crash, no hang, with listeners and without", async () => {
  const guard = bunker({
    logger: false,
    mode: "detect",
    store: new MemoryStore(),
    antibot: { challenge: "cookie" },
    events: { denied: () => undefined, challenged: () => undefined },
    clientIp: (req) => (req.headers["x-real-ip"] as string).trim(),
  });
  served = await serve((req, res) => guard(req, res, () => res.end("in")));
  expect((await ask(served.url, "/")).status).toBe(200);
});

test("R10 nothing that an upgrade asks for brings the process down", async () => {
  const broken: ChallengeKind = {
    name: "broken",
    issue: () => {
      throw new Error("broken");
    },
    page: () => ({ body: "" }),
    verify: () => false,
  };
  const guard = bunker({ logger: false, store: new MemoryStore(), antibot: { challenge: broken } });
  const faults: string[] = [];
  guard.events.on("fault", ({ reason }) => faults.push(reason));
  const server = createServer(EXPRESS.app([guard], plainSite));
  guard.guard(server);
  server.on("upgrade", (_req, socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const jar = new Jar();
  jar.take(await ask(`http://127.0.0.1:${port}`, "/", { headers: NAVIGATION }));
  for (const path of ["/challenge", "/challenge/toString?state=x", "/challenge/constructor"]) {
    const text = await new Promise<string>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      let all = "";
      socket.on("data", (chunk) => (all += chunk.toString()));
      socket.on("close", () => resolve(all));
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nCookie: ${jar.header["Cookie"] ?? ""}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      );
    });
    expect(text).toMatch(/^HTTP\/1\.1 (?:503|404)/);
  }
  expect(faults).toContain("exception");
  await new Promise((resolve) => server.close(resolve));
});

test("R31 a ban for which the store has no room is refused, and this process holds its client for a minute only", async () => {
  const now = new Clock();
  const store = new MemoryStore({ maxKeys: { ban: 100 }, now: now.now });
  const bans = new BanList(store);
  let refused = 0;
  for (let i = 0; i < 150; i++) await bans.add(`20.0.0.${i}`).catch(() => refused++);
  expect(refused).toBe(50);
  expect(await bans.get("20.0.0.149")).toBeDefined();
  now.advance(61);
  expect(await bans.get("20.0.0.149")).toBeUndefined();
  expect(await bans.get("20.0.0.5")).toBeDefined();
});
