import { createServer } from "node:net";
import { bunker, type Bunker } from "../../src/index.js";
import { healthz } from "../../src/metrics/index.js";
import { streamGuard } from "../../src/stream/index.js";
import { startHostile } from "../dnsbl/hostile-server.js";
import { ask } from "../support/ask.js";
import { serve } from "../support/hosts.js";
import { site, type SharedParts, type TestSite } from "../support/site.js";
import { at } from "./site.js";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const probed = (make: (shared: SharedParts) => Bunker): Promise<TestSite<Bunker>> =>
  site(make, { mount: (guard) => [at("/healthz", healthz(guard)), guard] });

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
