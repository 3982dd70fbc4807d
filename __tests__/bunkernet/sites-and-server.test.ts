import { bunkernetServer } from "../../src/bunkernet-server/index.js";
import { badBehavior, MemoryStore } from "../../src/index.js";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { EXPRESS, plainSite, serve } from "../support/hosts.js";
import { bunkernet } from "../../src/bunkernet/index.js";
import { startSite } from "./site.js";
import { stopSites } from "../support/site.js";

const ATTACKER = "9.9.9.9";

test("who is banned by A, B and C is refused at D; a restart of D with the server down still refuses", async () => {
  const cacheDir = await mkdtemp(join(tmpdir(), "bunkernet-"));
  const clock = new Clock();
  const { now } = clock;
  // All sites call from this machine, so each id has a vote here.
  const server = bunkernetServer({
    store: new MemoryStore(),
    now,
    logger: false,
    voteBy: "id",
    minIdAge: 0,
  });
  const net = await serve(server);
  await server.ready();
  for (let app = 0; app < 3; app++) {
    const shared = { store: new MemoryStore(), now, logger: false } as const;
    const guards = [
      badBehavior({ ...shared, threshold: 3 }),
      bunkernet({ ...shared, server: net.url, timeout: 20_000 }),
    ];
    const served = await serve(EXPRESS.app(guards, plainSite));
    for (let i = 0; i < 4; i++) await ask(served.url, "/missing?secret=1", { from: ATTACKER });
    for (const guard of guards.reverse()) await guard.close();
    await served.close();
  }
  const d = await startSite(net.url, { cacheDir, now });
  expect(await d.status(ATTACKER)).toBe(200);
  // The server makes its list anew now and then.
  for (let i = 0; i < 10 && !d.guard.has(ATTACKER); i++) {
    clock.advance(3600);
    await server.sync();
    await d.guard.sync();
  }
  expect(await d.status(ATTACKER)).toBe(403);
  expect(await d.status("8.8.8.8")).toBe(200);
  await d.close();
  await net.close();
  await server.close();
  const again = await startSite(net.url, { cacheDir, now });
  expect(await again.status(ATTACKER)).toBe(403);
  expect(await again.status("8.8.8.8")).toBe(200);
  await stopSites();
  await rm(cacheDir, { recursive: true, force: true });
});

test("a server that goes by invitation takes who comes with its token, and nobody else", async () => {
  const token = "an-invite-token-for-us";
  const server = bunkernetServer({
    store: new MemoryStore(),
    logger: false,
    voteBy: "token",
    tokens: { us: token },
  });
  const net = await serve(server);
  const invited = await startSite(net.url, { token });
  await invited.guard.register();
  expect(await invited.guard.ping()).toBe("pong");
  const stranger = await startSite(net.url);
  await expect(stranger.guard.register()).rejects.toThrow(/403/);
  await stopSites();
  await net.close();
  await server.close();
});
