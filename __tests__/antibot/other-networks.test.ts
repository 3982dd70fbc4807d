import { antibot, type Antibot, type AntibotOptions } from "../../src/index.js";
import { Jar, type Got } from "../support/ask.js";
import { site as startSite, type TestSite } from "../support/site.js";
import { openChallenge, post, solve, workOf, type Work } from "../support/work.js";

const SECRET = "a secret of enough characters";
const CLEAN = "8.8.8.8";
const RAISED = "2a00:1450:4001:1::7";

function site(options: Partial<AntibotOptions> = {}): Promise<TestSite<Antibot>> {
  return startSite(
    (shared) =>
      antibot({
        challenge: "javascript",
        difficulty: 16,
        sessions: { secret: SECRET },
        ...shared,
        ...options,
      }),
    { record: ["failed", "solved"] },
  );
}

/** Leaves sixteen challenges unsolved, so that the network is asked for 2 bits more. */
async function raise(url: string, network: string): Promise<void> {
  for (let i = 0; i < 16; i++) await openChallenge(url, "/", new Jar(), { from: network });
}

async function opened(url: string, from: string, jar: Jar, target = "/deep"): Promise<Work> {
  return workOf((await openChallenge(url, target, jar, { from })).text);
}

const send = (url: string, work: Work, jar: Jar, from: string): Promise<Got> =>
  post(url, "/challenge", { state: work.state, challenge: solve(work) }, jar, { from });

/** The challenge that came instead of a pass. */
function reissued(got: Got): Work {
  expect([got.status, got.json["type"], got.json["expired"]]).toEqual([
    403,
    "urn:express-bunker:expired",
    true,
  ]);
  return got.json["challenge"] as Work;
}

test("R21 work from a clean network is not the price of one that is asked for more: it is asked for there", async () => {
  const { url, events } = await site();
  await raise(url, RAISED);
  const jar = new Jar();
  const cheap = await opened(url, CLEAN, jar);
  const got = await send(url, cheap, jar, RAISED);
  const dear = reissued(got);
  expect(cheap.target / dear.target).toBeGreaterThan(3.9);
  // Nobody failed, and the cheap solution is still good where it was asked for.
  expect(events.map(({ type }) => type)).toEqual([]);
  expect((await send(url, cheap, jar, CLEAN)).status).toBe(200);
  const paid = await send(url, dear, jar, RAISED);
  expect([paid.status, paid.json]).toEqual([200, { location: "/deep" }]);
});

test("work that reaches what the other network is asked is taken at once: a dual-stack visitor solves once", async () => {
  const { url } = await site();
  await raise(url, RAISED);
  const jar = new Jar();
  // From where more is asked to where less is.
  expect((await send(url, await opened(url, RAISED, jar), jar, CLEAN)).status).toBe(200);
  // Between two that are asked the same, of the same family and of the other.
  for (const other of ["9.9.9.9", "2a00:1450:4002:1::7"]) {
    const work = await opened(url, CLEAN, jar, "/deep");
    expect((await send(url, work, jar, other)).status).toBe(200);
  }
});

test("a browser that changes between IPv4 and IPv6 at each step gets in at the third solution at the latest", async () => {
  const { url, events } = await site();
  await raise(url, RAISED);
  const jar = new Jar();
  const cheap = await opened(url, CLEAN, jar);
  const dear = reissued(await send(url, cheap, jar, RAISED));
  expect((await send(url, dear, jar, CLEAN)).status).toBe(200);

  // The worst case: each network is asked for more than the one before.
  let bits = 16;
  const rising = await site({ difficulty: () => (bits += 0.05), adaptive: false });
  const walker = new Jar();
  let work = await opened(rising.url, "20.0.0.1", walker);
  let got = await send(rising.url, work, walker, "20.1.0.1");
  for (let step = 2; got.status !== 200; step++) {
    expect(step).toBeLessThanOrEqual(3);
    work = reissued(got);
    got = await send(rising.url, work, walker, `20.${step}.0.1`);
  }
  expect(events.concat(rising.events).filter(({ type }) => type === "failed")).toEqual([]);
});

test("solutions of other networks' challenges, posted through a network, do not lower what it is asked for", async () => {
  const { url } = await site();
  const other = "9.9.9.9";
  await raise(url, RAISED);
  await raise(url, other);
  const before = (await opened(url, RAISED, new Jar())).target;
  for (let i = 0; i < 2; i++) {
    const jar = new Jar();
    expect((await send(url, await opened(url, other, jar), jar, RAISED)).status).toBe(200);
  }
  expect((await opened(url, RAISED, new Jar())).target).toBe(before);
});
