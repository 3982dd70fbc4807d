import express from "express";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BadBehavior, badBehavior, BanList, MemoryStore, type SharedOptions } from "../../src/index.js";
import { ask } from "../support/ask.js";
import { EXPRESS, plainSite, serve, type Served } from "../support/hosts.js";
import { site as startSite, type TestSite } from "../support/site.js";

let served: Served | undefined;
let warnings: string[] = [];

// A site that says who we think is asking.
async function site(
  options: SharedOptions = {},
  trust: unknown = "loopback",
): Promise<TestSite<BadBehavior>> {
  const started = await startSite((shared) => badBehavior({ ...shared, threshold: 1, ...options }), {
    app: (guard) => {
      const app = express();
      app.set("trust proxy", trust);
      app.use(guard);
      app.get("/who", (req, res) => void res.end(req.bunker?.ip));
      app.use(plainSite);
      return app;
    },
  });
  warnings = started.warnings;
  return started;
}

async function who(
  url: string,
  forwarded: string | undefined,
  headers: Record<string, string> = {},
): Promise<string> {
  return (await ask(url, "/who", { ...(forwarded === undefined ? {} : { from: forwarded }), headers })).text;
}

afterEach(async () => {
  await served?.close();
  served = undefined;
});

describe("R1 precedence", () => {
  test("R1 the clientIp hook, then trustProxy, then Express's own trust, then the socket", async () => {
    const hook = await site(
      { clientIp: (req) => req.headers["x-real"] as string | undefined, trustProxy: "loopback" },
      false,
    );
    expect(await who(hook.url, "5.5.5.5", { "X-Real": "6.6.6.6" })).toBe("6.6.6.6");
    expect(await who(hook.url, "5.5.5.5")).toBe("5.5.5.5");
    const own = await site({ trustProxy: 1 }, false);
    expect(await who(own.url, "1.1.1.1, 5.5.5.5")).toBe("5.5.5.5");
    const express = await site({}, "loopback");
    expect(await who(express.url, "1.1.1.1, 5.5.5.5")).toBe("5.5.5.5");
    const socket = await site({}, false);
    expect(await who(socket.url, "5.5.5.5")).toBe("127.0.0.1");
  });

  test("R1 an entry that is no address falls back to the nearest hop that is one", async () => {
    const { url } = await site({}, "loopback, 10.0.0.0/8");
    expect(await who(url, "9.9.9.9, unknown, 10.0.0.1")).toBe("10.0.0.1");
    expect(await who(url, "garbage")).toBe("127.0.0.1");
    expect(await who(url, "010.0.0.1")).toBe("127.0.0.1");
    expect(await who(url, "9.9.9.9:4711")).toBe("9.9.9.9");
    expect(await who(url, "[2001:4860::8]:443")).toBe("2001:4860::8");
  });

  test("R1 agrees with Express where the header is well formed", async () => {
    for (const trust of ["loopback", 1, 2, "loopback, 10.0.0.0/8, fc00::/7", false, true]) {
      const app = express();
      app.set("trust proxy", trust);
      const guard = badBehavior({ logger: false, store: new MemoryStore() });
      app.use(guard);
      app.use((req, res) => void res.json([req.bunker?.ip, req.ip?.replace("::ffff:", "")]));
      const server = await serve(app);
      for (const forwarded of [
        "9.9.9.9",
        "8.8.8.8, 9.9.9.9",
        "8.8.8.8, 10.1.1.1",
        "8.8.8.8, 10.1.1.1, 10.2.2.2",
        "2001:db8::1, fc00::1",
      ]) {
        const [ours, theirs] = JSON.parse((await ask(server.url, "/", { from: forwarded })).text) as string[];
        expect([trust, forwarded, ours]).toEqual([trust, forwarded, theirs]);
      }
      await server.close();
    }
  });

  test("R1 a unix socket has no address: still judged, under one identity, warned about once", async () => {
    warnings = [];
    const warn = (text: string): void => void warnings.push(text);
    const logger = { info: () => undefined, warn, error: () => undefined };
    const guard = badBehavior({ logger, store: new MemoryStore() });
    const server = createServer(EXPRESS.app([guard], (req, res) => void res.end(req.bunker?.ip)));
    const path = join(tmpdir(), `bunker-${process.pid}-${Date.now()}.sock`);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const answers = await Promise.all(
      [1, 2].map(
        () =>
          new Promise<string>((resolve, reject) => {
            const socket = connect(path, () =>
              socket.end("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
            );
            let text = "";
            socket.on("data", (chunk) => (text += chunk.toString()));
            socket.on("end", () => resolve(text));
            socket.on("error", reject);
          }),
      ),
    );
    server.close();
    expect(answers.every((text) => text.endsWith("unknown") || text.includes("\r\nunknown\r\n"))).toBe(true);
    expect(warnings.filter((text) => text.startsWith("WRN_BUNKER_NO_ADDRESS"))).toHaveLength(1);
  });
});

describe("R2 who may say who is asking", () => {
  test("R2 trusting everybody is warned about, and then allow looks at the socket's peer only", async () => {
    const { url, guard } = await site({ allow: ["9.9.9.9"] }, true);
    await ask(url, "/missing", { from: "9.9.9.9" });
    expect(await guard.bans.get("9.9.9.9")).toBeDefined();
    expect(warnings.filter((text) => text.startsWith("WRN_BUNKER_TRUST_ALL"))).toHaveLength(1);
    await site({ trustProxy: () => true });
    expect(warnings.filter((text) => text.startsWith("WRN_BUNKER_TRUST_ALL"))).toHaveLength(1);
    for (const fine of [1, "loopback", "10.0.0.0/8"] as const) {
      await site({ trustProxy: fine });
      expect(warnings).toEqual([]);
    }
  });

  test("R2 a header counts only from the peers that may set it", async () => {
    const mine = await site({ clientIp: { header: "CF-Connecting-IP", from: ["127.0.0.0/8"] } }, false);
    expect(await who(mine.url, undefined, { "CF-Connecting-IP": "9.9.9.9" })).toBe("9.9.9.9");
    const theirs = await site({ clientIp: { header: "CF-Connecting-IP", from: ["173.245.48.0/20"] } }, false);
    expect(await who(theirs.url, undefined, { "CF-Connecting-IP": "9.9.9.9" })).toBe("127.0.0.1");
  });
});

test("R3 forwarding headers while nothing is trusted: one loud warning", async () => {
  const { url } = await site({}, false);
  await who(url, "9.9.9.9");
  await who(url, "9.9.9.8");
  expect(warnings.filter((text) => text.startsWith("WRN_BUNKER_PROXY"))).toHaveLength(1);
});

test("R3 addresses in trustProxy are never banned", async () => {
  const { url, guard } = await site({ trustProxy: "127.0.0.0/8, 9.9.9.0/24" });
  for (let i = 0; i < 3; i++) await ask(url, "/missing", { from: "9.9.9.9" });
  expect(await guard.bans.list()).toEqual([]);
});

test("R4 mapped and NAT64 addresses are their IPv4 address, zones are dropped", async () => {
  const { url } = await site();
  expect(await who(url, "::ffff:9.9.9.9")).toBe("9.9.9.9");
  expect(await who(url, "::ffff:909:909")).toBe("9.9.9.9");
  expect(await who(url, "64:ff9b::909:909")).toBe("9.9.9.9");
  expect(await who(url, "2001:DB8:0:0::1%eth0")).toBe("2001:db8::1");
});

test("R5 two middlewares with different trust do not share a client, two with the same do", async () => {
  let asked = 0;
  const clientIp = (): string => {
    asked++;
    return "7.7.7.7";
  };
  const store = new MemoryStore();
  const same = [
    badBehavior({ store, logger: false, clientIp }),
    badBehavior({ store, logger: false, clientIp }),
  ];
  const other = badBehavior({ store, logger: false, trustProxy: "loopback" });
  served = await serve(EXPRESS.app([...same, other], plainSite));
  await new BanList(store).add("9.9.9.9");
  expect((await ask(served.url, "/", { from: "9.9.9.9" })).status).toBe(403);
  expect(asked).toBe(1);
});

describe("R6 services", () => {
  test("R6 an unknown Host is denied, or taken for a service; X-Forwarded-Host never counts", async () => {
    const { url } = await site({
      services: { "www.example.com": { aliases: ["example.com"] }, "api.example.com": {} },
    });
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await ask(url, "/", { headers })).status;
    for (const host of ["www.example.com", "EXAMPLE.com", "example.com:8080", "www.example.com."])
      expect([host, await status({ Host: host })]).toEqual([host, 200]);
    for (const host of ["evil.test", "127.0.0.1", "www.example.com.evil.test", ""])
      expect([host, await status({ Host: host })]).toEqual([host, 403]);
    expect(await status({ Host: "evil.test", "X-Forwarded-Host": "www.example.com" })).toBe(403);
    const open = await site({ services: ["www.example.com"], unknownHost: "www.example.com" });
    expect((await ask(open.url, "/", { headers: { Host: "evil.test" } })).status).toBe(200);
  });

  test("R6 an alias and its service share bans; a service hook must answer a configured name", async () => {
    const { url, guard } = await site({ services: { "www.example.com": { aliases: ["example.com"] } } });
    await ask(url, "/missing", { from: "9.9.9.9", headers: { Host: "example.com" } });
    expect((await ask(url, "/", { from: "9.9.9.9", headers: { Host: "www.example.com" } })).status).toBe(403);
    expect((await guard.bans.list())[0]).toMatchObject({ service: "www.example.com" });
    const hooked = await site({
      services: ["a.test"],
      service: ((req: { headers: { host?: string } }) => req.headers.host) as never,
    });
    const faults: string[] = [];
    hooked.guard.events.on("fault", ({ data }) => faults.push(String(data)));
    expect((await ask(hooked.url, "/", { headers: { Host: "a.test" } })).status).toBe(200);
    await ask(hooked.url, "/", { headers: { Host: "b.test" } });
    expect(faults).toHaveLength(1);
  });

  test("R6 misconfigured services are option errors", () => {
    const bad = { services: ["Bad Name"], unknownHost: "nowhere.test", store: new MemoryStore() };
    expect(() => badBehavior(bad)).toThrow(/services.*\n.*unknownHost/s);
  });
});
