import type { BansPage, EventsPage, Overview, Protections, Reference } from "../../src/dashboard/api.js";
import {
  BUNKERNET_LISTED,
  DNSBL_LISTED,
  GUESSER,
  playAttack,
  SCANNER,
  startSurroundings,
  type Surroundings,
} from "./attack.js";
import { dashboardSite } from "./site.js";

let around: Surroundings;
beforeAll(async () => void (around = await startSurroundings()));
afterAll(() => around.close());

test("what an attack and its visitors saw is what the dashboard shows, to the last one", async () => {
  const made = await dashboardSite(around.options);
  const { operate } = made;
  const seen = await playAttack(made, 60);
  expect(seen).toMatchObject({ denied: 8, challenged: 65, solved: 60, failed: 3 });
  const { counts } = (await operate("/api/overview?range=1h")).json as unknown as Overview;
  const { requests, denied, challenged, solved, failed, banned } = counts.now;
  const { id, ...counted } = seen;
  expect({ requests, denied, challenged, solved, failed, banned }).toEqual(counted);
  expect(
    Object.fromEntries(
      counts.now.deniedBy.map(({ labels, count }) => [`${labels.protection} ${labels.reason}`, count]),
    ),
  ).toEqual({ "bans bad behavior": 2, "dnsbl dnsbl": 1, "bans dnsbl": 2, "bunkernet bunkernet": 3 });

  const { bans } = (await operate("/api/bans")).json as unknown as BansPage;
  expect(bans.map(({ address }) => address).toSorted()).toEqual([SCANNER, DNSBL_LISTED].toSorted());

  const protections = (await operate("/api/protections?range=1h")).json as unknown as Protections;
  expect(protections.antibot?.kinds).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ kind: "cookie", issued: 64, solved: 60, failed: 0, abandoned: 4 }),
      expect.objectContaining({ kind: "captcha", solved: 0, failed: 3 }),
    ]),
  );
  expect(protections.dnsbl?.zones[0]).toMatchObject({ zone: "list.test", listed: 1, state: "good" });
  expect(protections.dnsbl?.zones[0]?.latency?.p50).toBeGreaterThanOrEqual(0);
  expect(protections.bunkernet).toMatchObject({
    registered: true,
    connected: true,
    blocked: 3,
    list: { state: "in force", entries: 2 },
  });
  expect(protections.badBehavior).toMatchObject({ banned: 1 });
  expect(protections.badBehavior?.addresses.map(({ item }) => item)).toContain(SCANNER);

  const reference = (await operate(`/api/references/${id}`)).json as unknown as Reference;
  expect(reference.events[0]).toMatchObject({ type: "denied", ip: SCANNER, reason: "bad behavior" });
  expect(reference.ban).toMatchObject({ address: SCANNER, reason: "bad behavior" });

  const { events } = (await operate("/api/events?types=banned")).json as unknown as EventsPage;
  expect(events.map(({ ip, reason }) => `${ip} ${reason}`).toSorted()).toEqual(
    [`${SCANNER} bad behavior`, `${DNSBL_LISTED} dnsbl`].toSorted(),
  );
  expect(events.find(({ ip }) => ip === SCANNER)).toMatchObject({
    statuses: { 404: 10 },
    method: "GET",
    scope: "service",
  });
  const failed3 = (await operate(`/api/events?types=failed&ip=${GUESSER}`)).json as unknown as EventsPage;
  expect(failed3.events.length).toBeGreaterThan(0);
  // What clients wrote arrives as text without control characters.
  const all = JSON.stringify((await operate("/api/events?limit=200")).json);
  expect(all).toContain("<img src=x");
  expect(all).not.toMatch(/\\u001b|\\u202e|\\n/);
  expect((await operate(`/api/addresses/${BUNKERNET_LISTED}`)).json).toMatchObject({
    bunkernet: { listed: true },
  });
});
