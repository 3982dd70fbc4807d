import { bunker, type Bunker } from "../../src/index.js";
import { healthz } from "../../src/metrics/index.js";
import { RedisStore } from "../../src/redis/index.js";
import { streamGuard } from "../../src/stream/index.js";
import { startHostile } from "../dnsbl/hostile-server.js";
import { startRedis } from "../redis/servers.js";
import { freePort } from "../support/server-process.js";
import { ask } from "../support/ask.js";
import { serve } from "../support/hosts.js";
import { site, type SharedParts, type SiteSetUp, type TestSite } from "../support/site.js";
import { until } from "../support/until.js";
import { createServer } from "node:net";
import { at } from "./site.js";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const probed = (
  make: (shared: SharedParts) => Bunker,
  setUp: SiteSetUp<Bunker> = {},
): Promise<TestSite<Bunker>> =>
  site(make, { mount: (guard) => [at("/healthz", healthz(guard)), guard], ...setUp });

test("200 from the first probe on, without a call of ready(), and 503 after close()", async () => {
  const { url, guard } = await probed((shared) => bunker({ ...shared, bunkernet: false }));
  const first = await ask(url, "/healthz");
  expect([first.status, first.json]).toEqual([200, { status: "ok", degraded: {} }]);
  expect(first.headers["content-type"]).toBe("application/json");
  expect(first.headers["cache-control"]).toBe("no-store");
  await guard.close();
  const last = await ask(url, "/healthz");
  expect([last.status, last.json]).toEqual([503, { status: "closed", degraded: {} }]);
});

test("a degraded part is named in the body, and the app stays in service", async () => {
  const dns = await startHostile();
  ends.push(() => dns.close());
  dns.answer = () => ({ rcode: 2 });
  const { url, guard } = await probed((shared) =>
    bunker({
      ...shared,
      bunkernet: false,
      resolver: { servers: [dns.server] },
      dnsbl: { list: "list.test", timeout: 5000 },
    }),
  );
  await guard.ready();
  await guard.dnsbl!.sync();
  const { status, json } = await ask(url, "/healthz");
  expect(status).toBe(200);
  expect(json).toEqual({
    status: "degraded",
    degraded: { dnsbl: [expect.stringContaining("list.test is suspended")] },
  });
});

test("503 until the bans of the store are known, with the reason; afterwards an outage is only degraded", async () => {
  const port = await freePort();
  const store = new RedisStore({ url: `redis://127.0.0.1:${port}`, logger: false });
  ends.push(() => store.close());
  const { url } = await probed(
    (shared) => bunker({ ...shared, store, bunkernet: false, readyTimeout: 0.1, logger: false }),
    { store },
  );
  const early = await ask(url, "/healthz");
  expect([early.status, early.json["status"]]).toEqual([503, "starting"]);
  await until(async () => Object.keys((await ask(url, "/healthz")).json["degraded"] as object).includes("ready"));
  const redis = await startRedis([], port);
  ends.push(() => redis.stop("SIGKILL"));
  await until(async () => (await ask(url, "/healthz")).status === 200);
  await redis.stop("SIGKILL");
  await until(async () => (await ask(url, "/healthz")).json["status"] === "degraded");
  expect((await ask(url, "/healthz")).status).toBe(200);
});

test("streamGuard() can be probed, too", async () => {
  const server = createServer();
  const guard = streamGuard(server, { bunkernet: false, logger: false });
  const probe = await serve(healthz(guard));
  ends.push(() => probe.close());
  expect((await ask(probe.url, "/healthz")).status).toBe(200);
  await guard.close();
  expect((await ask(probe.url, "/healthz")).status).toBe(503);
});

test("a probe with POST is not answered as one", async () => {
  const { url } = await probed((shared) => bunker({ ...shared, bunkernet: false }));
  expect((await ask(url, "/healthz", { method: "POST" })).status).toBe(405);
});
