import { MemoryStore } from "../../src/index.js";
import { ask } from "../support/ask.js";
import { call, DAY, listOf, members, register, report, reportOf, startNet, type Net } from "./members.js";

const ATTACKER = "8.8.8.8";

async function vote(
  net: Net,
  who: { id: string; from: string },
  ip = ATTACKER,
  reason?: string,
): Promise<void> {
  const got = await report(net, who.from, who.id, [reportOf(ip, reason)]);
  expect(got.text).toBe('{"result":"ok","data":"Report acknowledged."}');
}

describe("R30 votes", () => {
  let net: Net;
  let reader: { id: string; from: string };
  let people: { id: string; from: string }[];
  const list = (): Promise<string[]> => listOf(net, reader.from, reader.id);
  async function start(options: Parameters<typeof startNet>[0] = {}, count = 6): Promise<void> {
    net = await startNet(options);
    people = await members(net, count);
    reader = people[0] as { id: string; from: string };
    net.clock.advance(DAY);
  }
  afterEach(() => net.close());

  test("R30 three networks list an address, two do not", async () => {
    await start();
    for (const one of people.slice(0, 2)) await vote(net, one);
    await vote(net, people[0] as never);
    expect(await list()).toEqual([]);
    await vote(net, people[2] as never);
    expect(await list()).toEqual([ATTACKER]);
  });

  test("R30 many ids of one network are one vote", async () => {
    await start();
    for (let index = 1; index <= 9; index++) {
      const from = `60.1.1.${index}`;
      people.push({ id: await register(net, from), from });
    }
    for (let index = 1; index <= 9; index++) {
      const from = `2001:4860:1:${index}::1`;
      people.push({ id: await register(net, from), from });
    }
    net.clock.advance(DAY);
    for (const one of people.slice(6)) await vote(net, one);
    expect(await list()).toEqual([]);
    expect(net.server.status()).toMatchObject({ voters: 2, votes: 2 });
  });

  test("R30 ids younger than a day do not count, and hear nothing of it", async () => {
    await start();
    const young: { id: string; from: string }[] = [];
    for (let index = 0; index < 5; index++)
      young.push({ id: await register(net, `61.1.${index}.1`), from: `61.1.${index}.1` });
    for (const one of young) await vote(net, one);
    net.clock.advance(DAY - 1);
    for (const one of young) await vote(net, one);
    expect(await list()).toEqual([]);
    expect(net.server.status()).toMatchObject({ votes: 0, young: 10 });
    net.clock.advance(1);
    for (const one of young) await vote(net, one);
    expect(await list()).toEqual([ATTACKER]);
  });

  test("R30 reports that rest on a DNS blocklist list nobody alone", async () => {
    await start({ weights: { dnsbl: 1 } });
    for (const one of people) await vote(net, one, ATTACKER, "dnsbl");
    expect(await list()).toEqual([]);
    await vote(net, people[0] as never, ATTACKER, "bad behavior");
    expect(await list()).toEqual([ATTACKER]);
  });

  test("R30 R29 reports of reason bunkernet count nothing; made-up reasons count half", async () => {
    await start();
    for (const one of people) await vote(net, one, ATTACKER, "bunkernet");
    expect(await list()).toEqual([]);
    for (const one of people.slice(0, 5)) await vote(net, one, "8.8.4.4", "__proto__");
    expect(await list()).toEqual([]);
    await vote(net, people[5] as never, "8.8.4.4", "x".repeat(5000));
    expect(await list()).toEqual(["8.8.4.4"]);
  });

  test("R30 votes are over after the window, and renewed by new reports", async () => {
    await start({ window: DAY });
    for (const one of people.slice(0, 3)) await vote(net, one);
    net.clock.advance(DAY / 2);
    for (const one of people.slice(0, 2)) await vote(net, one);
    net.clock.advance(DAY / 2 - 1);
    expect(await list()).toEqual([ATTACKER]);
    net.clock.advance(1);
    expect(await list()).toEqual([]);
    expect(net.server.status().votes).toBe(2);
    await vote(net, people[4] as never);
    expect(await list()).toEqual([ATTACKER]);
    net.clock.advance(DAY);
    expect(net.server.status()).toMatchObject({ votes: 0, addresses: 0, voters: 0, listed: 0 });
  });

  test("R30 non-global addresses, ranges and nonsense are never listed", async () => {
    await start();
    const nonsense = [
      "10.0.0.1",
      "127.0.0.1",
      "::1",
      "fe80::1",
      "0.0.0.0/0",
      "8.8.8.0/24",
      "::ffff:192.168.0.1",
      "010.0.0.1",
      "x",
      "",
      7,
      null,
      {},
    ];
    const rows = [...nonsense.map((ip) => ({ ip, reason: "antibot" })), null, 3, [], "8.8.8.8"];
    for (const one of people) expect((await report(net, one.from, one.id, rows)).status).toBe(200);
    expect(await list()).toEqual([]);
    expect(net.server.status()).toMatchObject({ votes: 0, refused: 6 * rows.length });
  });

  test("R30 different spellings are one address", async () => {
    await start();
    await vote(net, people[0] as never, "::ffff:8.8.8.8");
    await vote(net, people[1] as never, "8.8.8.8");
    await vote(net, people[2] as never, "::ffff:0808:0808");
    expect(await list()).toEqual([ATTACKER]);
  });

  test("R30 neither an instance's own address nor one on allow is listed", async () => {
    await start({ allow: "8.8.4.0/24" });
    const [victim, ...others] = people as { id: string; from: string }[];
    for (const one of others) {
      await vote(net, one, "8.8.4.4");
      await vote(net, one, (victim as { from: string }).from);
    }
    expect(await list()).toEqual([]);
  });

  test("R30 an instance that appears where an address was listed takes it off", async () => {
    await start();
    const late = { id: await register(net, "2001:4860:9::1"), from: "2001:4860:9::1" };
    for (const one of people.slice(0, 3)) await vote(net, one, "2001:4860:9::2");
    expect(await list()).toEqual(["2001:4860:9::2"]);
    net.clock.advance(DAY);
    expect(await listOf(net, late.from, late.id)).toEqual([]);
  });

  test("R30 one hostile member lists nobody and pays for its flood itself", async () => {
    await start({ maxVotesPerVoter: 50, maxReports: 1_000_000, maxInstanceCalls: 1000 });
    for (const one of people.slice(1, 3)) await vote(net, one);
    const hostile = people[5] as { id: string; from: string };
    for (let batch = 0; batch < 100; batch++) {
      const rows = Array.from({ length: 100 }, (_, index) => reportOf(`45.1.${batch}.${index}`));
      expect((await report(net, hostile.from, hostile.id, rows)).status).toBe(200);
    }
    expect(net.server.status()).toMatchObject({ votes: 52, listed: 0 });
    await vote(net, people[3] as never);
    expect(await list()).toEqual([ATTACKER]);
  });

  test("R30 when all room is taken, whoever holds the most makes it", async () => {
    await start({ maxVotes: 40, maxVotesPerVoter: 1000 });
    const [hostile, ...honest] = people as { id: string; from: string }[];
    const rows = Array.from({ length: 100 }, (_, index) => reportOf(`45.1.1.${index}`));
    await report(net, (hostile as { from: string }).from, (hostile as { id: string }).id, rows);
    for (const one of honest) await vote(net, one);
    await report(net, (hostile as { from: string }).from, (hostile as { id: string }).id, rows);
    expect(net.server.status().votes).toBe(40);
    expect(await list()).toEqual([ATTACKER]);
  });

  test("R30 with voteBy id, each id has a vote", async () => {
    net = await startNet({ voteBy: "id", minIdAge: 0 });
    for (let index = 1; index <= 3; index++) {
      const id = await register(net, "60.1.1.1");
      await vote(net, { id, from: "60.1.1.1" });
      reader = { id, from: "60.1.1.1" };
    }
    expect(await list()).toEqual([ATTACKER]);
  });

  test("R30 with invite tokens, each operator has a vote, by header or path, and nobody else", async () => {
    const tokens = { ann: ["token-of-ann-0000001", "token-of-ann-0000002"], bob: "token-of-bob-0000001" };
    net = await startNet({ voteBy: "token", tokens, minIdAge: 0, minInstances: 2 });
    expect((await call(net, "POST", "/register", "60.1.1.1", {})).status).toBe(403);
    const ann = { "X-Bunkernet-Token": "token-of-ann-0000001" };
    const id = await register(net, "60.1.1.1", ann);
    expect((await report(net, "60.1.1.1", id, [reportOf(ATTACKER)])).status).toBe(403);
    const forged = { "X-Bunkernet-Token": "token-of-eve-0000001" };
    expect((await report(net, "60.1.1.1", id, [reportOf(ATTACKER)], forged)).status).toBe(403);
    expect((await report(net, "60.1.1.1", id, [reportOf(ATTACKER)], ann)).status).toBe(200);
    const again = { Authorization: "Bearer token-of-ann-0000002" };
    expect((await report(net, "62.1.1.1", id, [reportOf(ATTACKER)], again)).status).toBe(200);
    expect(await listOf(net, "60.1.1.1", id)).toEqual([]);
    const path = "/t/token-of-bob-0000001/report";
    expect((await call(net, "POST", path, "63.1.1.1", { id, reports: [reportOf(ATTACKER)] })).status).toBe(
      200,
    );
    expect(await listOf(net, "60.1.1.1", id)).toEqual([ATTACKER]);
  });

  test("deep JSON, __proto__ and giant headers do no harm", async () => {
    await start();
    const { id, from } = reader;
    const deep = `{"id":"${id}","reports":[${"[".repeat(100_000)}${"]".repeat(100_000)}]}`;
    expect((await call(net, "POST", "/report", from, deep)).status).toBe(200);
    const polluted = `{"__proto__":{"id":"${id}","reports":[]},"constructor":{"prototype":{"id":"${id}"}}}`;
    expect((await call(net, "POST", "/report", from, polluted)).status).toBe(401);
    expect(({} as Record<string, unknown>)["id"]).toBeUndefined();
    const giant = {
      ...reportOf(ATTACKER),
      headers: Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`h${index}`, "x".repeat(2000)])),
    };
    expect((await report(net, from, id, [giant, giant])).status).toBe(200);
    expect(
      (await ask(net.served.url, "/ping", { headers: { "X-Filling": "x".repeat(30_000) } })).status,
    ).toBe(431);
    expect((await call(net, "GET", "/ping", from)).status).toBe(200);
  });
});

describe("admin", () => {
  const token = "admin-token-0000001";
  const bearer = { Authorization: `Bearer ${token}` };

  test("shows reasons, counts and times to who has the token, in pages", async () => {
    const net = await startNet({ admin: { token }, minIdAge: 0 });
    const three = await members(net, 3);
    for (const one of three) for (const ip of ["8.8.8.1", "8.8.8.2", "8.8.8.3"]) await vote(net, one, ip);
    await vote(net, three[0] as never, "8.8.8.1", "antibot");
    await vote(net, three[0] as never, "8.8.8.9", "antibot");
    for (const headers of [{}, { Authorization: "Bearer wrong-token-00000" }, { Authorization: token }])
      expect((await call(net, "GET", "/admin/list", "70.1.1.1", undefined, headers as never)).status).toBe(
        401,
      );
    const page = (await call(net, "GET", "/admin/list?limit=2", "70.1.1.1", undefined, bearer)).json[
      "data"
    ] as {
      entries: Record<string, unknown>[];
      total: number;
      next: string;
    };
    expect(page).toMatchObject({ total: 3, next: "8.8.8.2" });
    expect(page.entries[0]).toEqual({
      ip: "8.8.8.1",
      listed: true,
      vetoed: false,
      score: 3,
      voters: 3,
      reasons: { "bad behavior": 3, antibot: 1 },
      reports: 4,
      first: "2026-01-01T00:00:00.000Z",
      last: "2026-01-01T00:00:00.000Z",
    });
    const rest = await call(net, "GET", "/admin/list?limit=2&after=8.8.8.2", "70.1.1.1", undefined, bearer);
    expect(rest.json["data"]).toMatchObject({ entries: [{ ip: "8.8.8.3" }], next: null });
    const all = await call(net, "GET", "/admin/list?all=yes", "70.1.1.1", undefined, bearer);
    expect(all.json["data"]).toMatchObject({ total: 4 });
    expect((await call(net, "GET", "/admin/list?limit=0", "70.1.1.1", undefined, bearer)).status).toBe(400);
    await net.close();
  });

  test("a veto takes an address off for all servers on the store, until it is lifted", async () => {
    const store = new MemoryStore();
    const net = await startNet({ admin: { token }, minIdAge: 0, store });
    const other = await startNet({ store }, net.clock);
    const three = await members(net, 3);
    const { id, from } = three[0] as { id: string; from: string };
    for (const one of three) await vote(net, one);
    expect(await listOf(other, from, id)).toEqual([ATTACKER]);
    expect((await call(net, "DELETE", `/admin/list/${ATTACKER}`, from, undefined, bearer)).status).toBe(200);
    expect(await listOf(other, from, id)).toEqual([]);
    for (const one of three) await vote(net, one);
    expect(await listOf(net, from, id)).toEqual([]);
    const vetoes = await call(net, "GET", "/admin/vetoes", from, undefined, bearer);
    expect(vetoes.json["data"]).toEqual([ATTACKER]);
    expect((await call(net, "DELETE", `/admin/vetoes/${ATTACKER}`, from, undefined, bearer)).status).toBe(
      200,
    );
    expect((await call(net, "DELETE", `/admin/vetoes/${ATTACKER}`, from, undefined, bearer)).status).toBe(
      404,
    );
    expect(await listOf(net, from, id)).toEqual([ATTACKER]);
    expect((await call(net, "DELETE", "/admin/list/x", from, undefined, bearer)).status).toBe(400);
    await net.close();
    await other.close();
  });
});
