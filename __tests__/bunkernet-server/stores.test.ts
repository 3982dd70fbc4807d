import { MemoryStore } from "../../src/index.js";
import type { Store } from "../../src/index.js";
import { bunkernetServer } from "../../src/bunkernet-server/index.js";
import { Clock } from "../support/clock.js";
import { serve } from "../support/hosts.js";
import { call, listOf, members, report, reportOf, startNet, SYSTEM, type Net } from "./members.js";

const ATTACKER = "8.8.8.8";

async function voteFrom(
  net: Pick<Net, "served">,
  who: { id: string; from: string } | undefined,
): Promise<void> {
  const { id, from } = who as { id: string; from: string };
  expect((await report(net, from, id, [reportOf(ATTACKER)])).status).toBe(200);
}

/** A store on a network, in little: every answer is a promise, and it can be down. */
function distant(inner: MemoryStore, state: { down: boolean }, without: readonly string[] = []): Store {
  return new Proxy(inner, {
    get(target, name) {
      if (typeof name === "string" && without.includes(name)) return undefined;
      const method = Reflect.get(target, name) as unknown;
      if (typeof method !== "function") return method;
      if (name === "watch" || name === "useClock") return method.bind(target) as unknown;
      if (name === "keys")
        return (...given: unknown[]) => {
          if (state.down) throw new Error("down");
          return method.apply(target, given) as unknown;
        };
      return async (...given: unknown[]) => {
        await Promise.resolve();
        if (state.down) throw new Error("down");
        return method.apply(target, given) as unknown;
      };
    },
  });
}

test("R30 two servers on one store publish the same list, byte for byte", async () => {
  const store = new MemoryStore();
  const one = await startNet({ store, minIdAge: 0 });
  const two = await startNet({ store, minIdAge: 0 }, one.clock);
  const people = await members(one, 3);
  await voteFrom(one, people[0]);
  await voteFrom(two, people[1]);
  await voteFrom(two, people[2]);
  const { id, from } = people[0] as { id: string; from: string };
  const [here, there] = [
    await call(one, "GET", "/db", from, { id }),
    await call(two, "GET", "/db", from, { id }),
  ];
  expect(here.json["data"]).toEqual([ATTACKER]);
  expect([there.text, there.headers.etag]).toEqual([here.text, here.headers.etag]);
  await two.close();
  await one.close();
});

test("R30 a server that starts later, on a store that tells of nothing, reads what there is", async () => {
  const inner = new MemoryStore();
  const clock = new Clock();
  const one = await startNet({ store: inner, minIdAge: 0 }, clock);
  const people = await members(one, 4);
  for (const who of people.slice(0, 2)) await voteFrom(one, who);
  const two = await startNet(
    { store: distant(inner, { down: false }, ["watch", "entries"]), minIdAge: 0 },
    clock,
  );
  const { id, from } = people[0] as { id: string; from: string };
  expect(two.server.status().votes).toBe(2);
  await voteFrom(two, people[2]);
  expect(await listOf(two, from, id)).toEqual([ATTACKER]);
  await voteFrom(one, people[3]);
  await two.server.sync();
  expect(two.server.status().votes).toBe(4);
  await two.close();
  await one.close();
});

test("while the store fails, calls are answered 429, so that clients keep reports and lists", async () => {
  const state = { down: true };
  const store = distant(new MemoryStore(), state);
  const server = bunkernetServer({
    store,
    minIdAge: 0,
    trustProxy: "loopback",
    logger: false,
    now: new Clock().now,
  });
  const served = await serve(server);
  const net = { server, served } as unknown as Net;
  const failed = await call(net, "POST", "/register", "50.0.0.9", SYSTEM);
  expect([failed.status, failed.json["result"], failed.headers["retry-after"]]).toEqual([429, "ko", "60"]);
  expect(failed.text).not.toContain("down");
  await expect(server.ready()).rejects.toThrow();
  expect(server.health().ok).toBe(false);
  state.down = false;
  await server.ready();
  expect(server.health().ok).toBe(true);
  const people = await members(net, 3);
  for (const who of people) await voteFrom(net, who);
  state.down = true;
  const { id, from } = people[0] as { id: string; from: string };
  expect((await report(net, from, id, [reportOf("9.9.9.9")])).status).toBe(429);
  expect((await call(net, "GET", "/db", from, { id })).status).toBe(429);
  state.down = false;
  expect(await listOf(net, from, id)).toEqual([ATTACKER]);
  await served.close();
  await server.close();
});

test("a store without room for more votes refuses reports and keeps what it has", async () => {
  const store = new MemoryStore({ maxKeys: { state: 12 } });
  const net = await startNet({ store, minIdAge: 0 });
  const people = await members(net, 3);
  for (const who of people) await voteFrom(net, who);
  const { id, from } = people[0] as { id: string; from: string };
  const many = Array.from({ length: 50 }, (_, index) => reportOf(`45.1.1.${index}`));
  expect((await report(net, from, id, many)).status).toBe(429);
  expect(await listOf(net, from, id)).toEqual([ATTACKER]);
  await net.close();
});
