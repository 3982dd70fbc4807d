import { request, type IncomingMessage, type ServerResponse } from "node:http";
import { bansInForce } from "../../src/dashboard/ban-scan.js";
import { engineOf, type Engine } from "../../src/engine/engine.js";
import type { Bunker } from "../../src/index.js";
import { until } from "../support/until.js";
import { dashboardSite, MOUNT, type DashboardSite } from "./site.js";

const indexOf = (guard: Bunker) => (engineOf(guard) as Engine).context.banIndex;

async function withBans(made: DashboardSite, many: number): Promise<void> {
  const index = indexOf(made.guard);
  await index.ready();
  for (let n = 0; n < many; n++)
    index.put({
      ip: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`,
      reason: "bad behavior",
      scope: "global",
      service: "unknown",
      date: new Date(made.clock.now() - n),
      expires: null,
      action: "deny",
      data: {},
    });
}

test("walks through many bans take turns: one batch in each round of the event loop, however many walks there are", async () => {
  const made = await dashboardSite();
  await withBans(made, 5000);
  let rounds = 0;
  let isOver = false;
  const tick = (): void => {
    rounds++;
    if (!isOver) setImmediate(tick);
  };
  setImmediate(tick);
  let batches = 0;
  const walk = async (): Promise<number> => {
    let bans = 0;
    for await (const batch of bansInForce(indexOf(made.guard), () => false)) {
      batches++;
      bans += batch.length;
      expect(batch.length).toBeLessThanOrEqual(512);
      expect(batches).toBeLessThanOrEqual(rounds + 1);
    }
    return bans;
  };
  expect(await Promise.all(Array.from({ length: 10 }, walk))).toEqual(Array(10).fill(5000));
  isOver = true;
  expect(batches).toBeGreaterThanOrEqual(10 * 9);
});

test("refuses more searches than it can carry out, and takes them again later", async () => {
  const made = await dashboardSite();
  await withBans(made, 20_000);
  const statuses = await Promise.all(
    Array.from({ length: 60 }, async () => (await made.operate("/api/bans?search=10.0")).status),
  );
  expect(new Set(statuses)).toEqual(new Set([200, 503]));
  expect((await made.operate("/api/bans")).status).toBe(200);
});

test("a search ends when nobody waits for it any more", async () => {
  const made = await dashboardSite({}, { authorize: () => true });
  await withBans(made, 200_000);
  const index = indexOf(made.guard);
  let isAll = false;
  let slices = 0;
  const inForce = index.inForce.bind(index);
  index.inForce = function* () {
    for (const slice of inForce()) {
      slices++;
      yield slice;
    }
    isAll = true;
  };
  const { hostname, port } = new URL(made.url);
  const req = request({ host: hostname, port, path: `${MOUNT}/api/bans?search=10.2`, agent: false });
  req.on("error", () => undefined).end();
  await until(() => slices > 0);
  req.destroy();
  index.inForce = inForce;
  // Another one is answered after it.
  expect((await made.operate("/api/bans?search=10.2")).status).toBe(200);
  expect([isAll, slices < 390]).toEqual([false, true]);
});

test("an export goes at the pace of its client, and leaves no listeners behind", async () => {
  const warnings: string[] = [];
  const warned = ({ name }: Error): void => void warnings.push(name);
  process.on("warning", warned);
  let response: ServerResponse | undefined;
  const made = await dashboardSite(
    {},
    {
      authorize: (_req, res) => {
        response = res;
        return true;
      },
    },
  );
  await withBans(made, 60_000);
  const { hostname, port } = new URL(made.url);
  const res = await new Promise<IncomingMessage>((resolve, reject) => {
    const path = `${MOUNT}/api/bans/export?format=json`;
    request({ host: hostname, port, path, agent: false }, resolve).on("error", reject).end();
  });
  let text = "";
  for await (const chunk of res.setEncoding("utf8")) {
    text += String(chunk);
    expect((response as ServerResponse).listenerCount("close")).toBeLessThan(8);
  }
  process.off("warning", warned);
  expect((JSON.parse(text) as unknown[]).length).toBe(60_000);
  expect(warnings).toEqual([]);
});

test("a plain list has each address once, whoever bans it", async () => {
  const { operate, guard } = await dashboardSite();
  await guard.bans.add("81.2.69.1", { service: "a.example" });
  await guard.bans.add("81.2.69.1", { service: "b.example" });
  await guard.bans.add("81.2.69.1");
  expect((await operate("/api/bans/export?format=text")).text).toBe("81.2.69.1\n");
  expect((await operate("/api/bans/export?format=text&search=no")).text).toBe("");
  expect((await operate("/api/bans/export?format=json&search=no")).json).toEqual([]);
});
