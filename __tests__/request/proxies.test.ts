import express from "express";
import type { IncomingMessage } from "node:http";
import { badBehavior, bunker, MemoryStore, type BadBehavior, type SharedOptions } from "../../src/index.js";
import { ask } from "../support/ask.js";
import { EXPRESS, HOSTS, plainSite } from "../support/hosts.js";
import { site, type TestSite } from "../support/site.js";

const ATTACKER = "9.9.9.9";
const OUTER = "7.7.7.7";

// A site that Express's own `trust proxy`, or our `trustProxy`, protects; one bad response bans.
function behind(
  trust: unknown,
  by: "trust proxy" | "trustProxy",
  options: SharedOptions = {},
): Promise<TestSite<BadBehavior>> {
  return site(
    (shared) =>
      badBehavior({
        ...shared,
        threshold: 1,
        ...(by === "trustProxy" ? { trustProxy: trust as never } : {}),
        ...options,
      }),
    {
      app: (guard) => {
        const app = express();
        app.set("trust proxy", by === "trust proxy" ? trust : false);
        app.use(guard);
        app.use(plainSite);
        return app;
      },
    },
  );
}

const about = ({ warnings }: { warnings: readonly string[] }, code: string): string[] =>
  warnings.filter((text) => text.startsWith(`WRN_BUNKER_${code}:`));

describe.each(["trust proxy", "trustProxy"] as const)("R40 by %s", (by) => {
  test("R40 with a number of hops nobody is remembered as a proxy: who came past the outer one is banned by itself", async () => {
    const { url, guard, status } = await behind(2, by);
    // Two hops are expected: the attacker, who left the outer proxy out, stands where it should.
    await ask(url, "/", { from: `1.2.3.4, ${ATTACKER}` });
    expect(await status(`${ATTACKER}, ${OUTER}`, "/missing")).toBe(404);
    expect(await status(`${ATTACKER}, ${OUTER}`)).toBe(403);
    expect((await guard.bans.get(ATTACKER))?.reason).toBe("bad behavior");
  });

  test("R40 with a number of hops nobody is remembered as a proxy: who came past the outer one is banned by hand", async () => {
    const { url, guard, status } = await behind(2, by);
    await ask(url, "/", { from: `1.2.3.4, ${ATTACKER}` });
    await guard.bans.add(ATTACKER);
    expect(await status(`${ATTACKER}, ${OUTER}`)).toBe(403);
  });

  test("R40 a proxy that is trusted by address is remembered", async () => {
    const { url, guard } = await behind(["127.0.0.0/8", OUTER], by);
    await ask(url, "/", { from: `1.2.3.4, ${OUTER}` });
    await expect(guard.bans.add(OUTER)).rejects.toThrow("ERR_BUNKER_BAN_WIDE");
  });
});

test("R40 a trust function is understood: by address it is remembered, by hop it is not", async () => {
  const byAddress = (address: string, hop: number): boolean =>
    hop < 3 && (address === OUTER || address.startsWith("127."));
  const named = await behind(byAddress, "trustProxy");
  await ask(named.url, "/", { from: `1.2.3.4, ${OUTER}` });
  await expect(named.guard.bans.add(OUTER)).rejects.toThrow("ERR_BUNKER_BAN_WIDE");
  const counted = await behind((_address: string, hop: number) => hop < 2, "trustProxy");
  await ask(counted.url, "/", { from: `1.2.3.4, ${ATTACKER}` });
  await counted.guard.bans.add(ATTACKER);
  expect(await counted.status(`${ATTACKER}, ${OUTER}`)).toBe(403);
});

test("R3 a trusted proxy's own request, without the header, is not counted against it", async () => {
  const { url, guard } = await behind("loopback", "trust proxy", { banLocal: true });
  for (let i = 0; i < 3; i++) await ask(url, "/missing");
  expect(await guard.bans.list()).toEqual([]);
});

describe("R40 a host framework that found the address by itself", () => {
  // As @fastify/middie and @fastify/express do: the address is an own property of Node's request.
  const asFastify = (trustProxy: boolean, options: SharedOptions): Promise<TestSite<BadBehavior>> =>
    site((shared) => badBehavior({ ...shared, threshold: 1, trustProxy: undefined, ...options }), {
      app: (guard) =>
        EXPRESS.app(
          [
            (req, _res, next) => {
              const forwarded = String(req.headers["x-forwarded-for"] ?? "").split(",", 1)[0] ?? "";
              const ip = trustProxy && forwarded !== "" ? forwarded : req.socket.remoteAddress;
              Object.defineProperty(req, "ip", { value: ip, writable: true, enumerable: true });
              next();
            },
            guard,
          ],
          (req: IncomingMessage, res) => {
            if (req.url === "/who") res.end(req.bunker?.ip);
            else plainSite(req, res);
          },
        ),
    });

  test("R40 a forged header does not get its sender onto `allow`, and the log says so once", async () => {
    const started = await asFastify(true, { allow: ["5.5.5.5"] });
    expect((await ask(started.url, "/who", { from: "5.5.5.5" })).text).toBe("5.5.5.5");
    expect(await started.status("5.5.5.5", "/missing")).toBe(404);
    expect(await started.guard.bans.get("5.5.5.5")).toBeDefined();
    expect(await started.status("5.5.5.5")).toBe(403);
    expect(about(started, "HOST_ADDRESS")).toHaveLength(1);
    expect(started.guard.health()).toMatchObject({
      ok: false,
      protections: { client: { ok: false, problems: [expect.stringContaining("WRN_BUNKER_HOST_ADDRESS")] } },
    });
  });

  test("R40 a forged private address exempts nobody whose peer is public", async () => {
    const guard = bunker({ store: new MemoryStore(), logger: false, bunkernet: false });
    const request = { ip: "10.0.0.1", socket: { remoteAddress: "8.8.8.8" }, headers: {}, url: "/" };
    const { client } = await guard.explain(request);
    expect([client.ip, client.isGlobal]).toEqual(["10.0.0.1", true]);
    await guard.close();
  });

  test("R40 the peer's own address, and what `trustProxy` or `clientIp` says, is believed without a word", async () => {
    const direct = await asFastify(false, { allow: ["127.0.0.1"] });
    for (let i = 0; i < 3; i++) expect(await direct.status("5.5.5.5", "/missing")).toBe(404);
    const ours = await asFastify(true, { allow: ["5.5.5.5"], trustProxy: "loopback" });
    for (let i = 0; i < 3; i++) expect(await ours.status("5.5.5.5", "/missing")).toBe(404);
    const hook = await asFastify(true, { allow: ["6.6.6.6"], clientIp: () => "6.6.6.6" });
    for (let i = 0; i < 3; i++) expect(await hook.status("5.5.5.5", "/missing")).toBe(404);
    for (const one of [direct, ours, hook]) expect([one.warnings, one.guard.health().ok]).toEqual([[], true]);
  });
});

describe("what health knows of the trust in proxies", () => {
  test.each(HOSTS.map((host) => [host.name, host] as const))(
    "R3 on %s a trusted proxy that never sends X-Forwarded-For earns one warning, and health knows it",
    async (_name, host) => {
      const started = await site((shared) => badBehavior({ ...shared, threshold: 1 }), { host });
      for (let i = 0; i < 80; i++) await ask(started.url, "/missing");
      expect(about(started, "NOT_FORWARDED")).toHaveLength(1);
      expect(started.warnings).toHaveLength(1);
      const { ok, protections } = started.guard.health();
      expect([ok, protections["client"]?.problems]).toEqual([
        false,
        [expect.stringContaining("WRN_BUNKER_NOT_FORWARDED")],
      ]);
      // The header comes: the problem is over.
      await started.status(ATTACKER);
      expect(started.guard.health().ok).toBe(true);
    },
  );

  test("R3 a number of hops without the header, or with a header that names nobody, is the same problem", async () => {
    const hops = await behind(1, "trust proxy");
    for (let i = 0; i < 40; i++) await ask(hops.url, "/");
    const empty = await behind("loopback", "trustProxy");
    for (let i = 0; i < 40; i++) await ask(empty.url, "/", { from: "unknown" });
    for (const one of [hops, empty]) {
      expect(about(one, "NOT_FORWARDED")).toHaveLength(1);
      expect(one.guard.health().ok).toBe(false);
    }
  });

  test("R3 health checks of a balancer, and requests beside those that come with the header, are no problem", async () => {
    const probed = await behind("loopback", "trust proxy");
    for (let i = 0; i < 100; i++) {
      await ask(probed.url, "/");
      probed.clock.advance(1);
    }
    const mixed = await behind("loopback", "trust proxy");
    await mixed.status(ATTACKER);
    for (let i = 0; i < 100; i++) await ask(mixed.url, "/");
    for (const one of [probed, mixed]) expect([one.warnings, one.guard.health().ok]).toEqual([[], true]);
  });

  test("R2 health knows that everybody is trusted, by either option", async () => {
    const ours = await behind(true, "trustProxy");
    const express = await behind(true, "trust proxy");
    await express.status(ATTACKER);
    for (const { guard } of [ours, express])
      expect(guard.health().protections["client"]?.problems).toEqual([
        expect.stringContaining("WRN_BUNKER_TRUST_ALL"),
      ]);
  });

  test("R3 health knows of forwarding headers while nobody is trusted, and forgets them when they no longer come", async () => {
    const started = await behind(false, "trustProxy");
    await started.status(ATTACKER);
    expect(started.guard.health().protections["client"]?.problems).toEqual([
      expect.stringContaining("WRN_BUNKER_PROXY"),
    ]);
    started.clock.advance(601);
    expect(started.guard.health().ok).toBe(true);
  });
});
