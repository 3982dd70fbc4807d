import fc from "fast-check";
import { MemoryStore } from "../../src/index.js";
import { answer, startContract, type ContractServer } from "./contract-server.js";
import { startSite } from "./site.js";

// What the server does with one delivery.
const DEEDS = [
  "takes",
  "takes and says nothing",
  "hangs up",
  "500",
  "429",
  "400",
  "403",
  "HTML",
  "ko",
] as const;
type Deed = (typeof DEEDS)[number];

// What happens at the site.
type Step =
  { do: "refuse"; many: number } | { do: "flush"; deeds: Deed[] } | { do: "wait" } | { do: "restart" };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("refuse" as const), many: fc.integer({ min: 1, max: 7 }) }),
  fc.record({
    do: fc.constant("flush" as const),
    deeds: fc.array(fc.constantFrom(...DEEDS), { maxLength: 6 }),
  }),
  fc.record({ do: fc.constant("wait" as const) }),
  fc.record({ do: fc.constant("restart" as const) }),
);

let api: ContractServer;

beforeEach(async () => {
  api = await startContract();
});
afterEach(async () => {
  await api.close();
});

test("every report that was taken up is delivered or still queued; twice only where an answer was lost", async () => {
  let made = 0;
  const run = async (steps: Step[]): Promise<void> => {
    api.reports.length = 0;
    const store = new MemoryStore();
    let deeds: Deed[] = [];
    const twice = new Set<string>();
    api.fault = (call, _req, res) => {
      if (call.path !== "/report") return false;
      const deed = deeds.shift() ?? "takes";
      const reports = call.body["reports"] as typeof api.reports;
      if (deed === "takes") return false;
      if (deed === "takes and says nothing") {
        api.reports.push(...reports);
        for (const { ip } of reports) twice.add(ip);
        res.destroy();
      } else if (deed === "hangs up") res.destroy();
      else if (deed === "HTML") res.end("<html>");
      else if (deed === "ko") answer(res, 200, { result: "ko", data: "no" });
      else answer(res, Number(deed), { result: "ko", data: "no" });
      return true;
    };
    let site = await startSite(api.url, { store });
    const taken = new Set<string>();
    for (const one of steps) {
      if (one.do === "refuse") {
        for (let i = 0; i < one.many; i++) {
          const ip = `20.${(made >> 16) & 255}.${(made >> 8) & 255}.${made & 255}`;
          made++;
          await site.refuse(ip);
          taken.add(ip);
        }
      } else if (one.do === "flush") {
        deeds = [...one.deeds];
        await site.guard.flush();
        deeds = [];
      } else if (one.do === "wait") site.clock.advance(86_401);
      else {
        deeds = ["hangs up"];
        await site.close();
        const { clock } = site;
        site = await startSite(api.url, { store, now: clock.now });
      }
    }
    const { rejected, dropped } = site.guard.status().reports;
    expect([rejected, dropped]).toEqual([0, 0]);
    const queued = new Set<string>();
    for await (const key of store.keys("state", "bunkernet|"))
      if (key.includes("|report|")) queued.add((JSON.parse(store.get(key) as string) as { ip: string }).ip);
    const times = new Map<string, number>();
    for (const { ip } of api.reports) times.set(ip, (times.get(ip) ?? 0) + 1);
    for (const ip of taken) expect(times.has(ip) || queued.has(ip)).toBe(true);
    for (const [ip, count] of times) {
      expect(taken.has(ip)).toBe(true);
      if (!twice.has(ip)) expect([count, queued.has(ip)]).toEqual([1, false]);
    }
    await site.close();
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 12 }), run), { numRuns: 25 });
  expect(api.violations).toEqual([]);
});
