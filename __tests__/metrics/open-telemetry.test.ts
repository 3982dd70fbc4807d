import { bunker, type Bunker } from "../../src/index.js";
import { openTelemetry } from "../../src/metrics/index.js";
import { startHostile } from "../dnsbl/hostile-server.js";
import { site } from "../support/site.js";

interface Instrument {
  readonly name: string;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly unit: string;
  readonly recorded: [number, Record<string, string>][];
  record(value: number, attributes: Record<string, string>): void;
}

type Observe = (instrument: Instrument, value: number, attributes: Record<string, string>) => void;

/** What a fake SDK has been given, with the shape of `@opentelemetry/api`. */
function sdk(): {
  readonly api: object;
  readonly instruments: Instrument[];
  readonly spans: { name: string; attributes: Record<string, string>; ms: number; parent: unknown }[];
  readonly events: { name: string; attributes: Record<string, string> }[];
  readonly callbacks: Set<(result: { observe: Observe }) => Promise<void>>;
  broken: boolean;
} {
  const made = {
    instruments: [] as Instrument[],
    spans: [] as { name: string; attributes: Record<string, string>; ms: number; parent: unknown }[],
    events: [] as { name: string; attributes: Record<string, string> }[],
    callbacks: new Set<(result: { observe: Observe }) => Promise<void>>(),
    broken: false,
  };
  const instrument =
    (kind: Instrument["kind"]) =>
    (name: string, { unit }: { unit: string }): Instrument => {
      const one: Instrument = {
        name,
        kind,
        unit,
        recorded: [],
        record: (value, attributes) => {
          if (made.broken) throw new Error("the SDK is broken");
          one.recorded.push([value, attributes]);
        },
      };
      made.instruments.push(one);
      return one;
    };
  const meter = {
    createHistogram: instrument("histogram"),
    createObservableCounter: instrument("counter"),
    createObservableGauge: instrument("gauge"),
    addBatchObservableCallback: (callback: (result: { observe: Observe }) => Promise<void>) =>
      made.callbacks.add(callback),
    removeBatchObservableCallback: (callback: (result: { observe: Observe }) => Promise<void>) =>
      made.callbacks.delete(callback),
  };
  const tracer = {
    startSpan: (
      name: string,
      { startTime, attributes }: { startTime: number; attributes: Record<string, string> },
      parent: unknown,
    ) => ({
      addEvent: () => undefined,
      end: (time: number) => made.spans.push({ name, attributes, ms: time - startTime, parent }),
    }),
  };
  const active = {
    addEvent: (name: string, attributes: Record<string, string>) => made.events.push({ name, attributes }),
    end: () => undefined,
  };
  const api = {
    metrics: { getMeter: () => meter },
    trace: { getTracer: () => tracer, getActiveSpan: () => active },
    context: { active: () => "the active context" },
  };
  return Object.assign(made, { api });
}

/** Asks the callbacks, as an SDK does when it exports. */
async function observed({ callbacks }: ReturnType<typeof sdk>): Promise<Map<string, number>> {
  const values = new Map<string, number>();
  for (const callback of callbacks)
    await callback({
      observe: ({ name }, value, attributes) => values.set(`${name} ${JSON.stringify(attributes)}`, value),
    });
  return values;
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function telemetered(fake: ReturnType<typeof sdk>) {
  const dns = await startHostile();
  ends.push(() => dns.close());
  return site((shared): Bunker => {
    const guard = bunker({
      ...shared,
      bunkernet: false,
      resolver: { servers: [dns.server] },
      dnsbl: { list: "list.test", timeout: 5000 },
    });
    openTelemetry(guard, { api: fake.api });
    return guard;
  });
}

test("counters and gauges are observed, and durations recorded, under names that exporters to Prometheus turn into ours", async () => {
  const fake = sdk();
  const { guard, status } = await telemetered(fake);
  await guard.bans.add("9.9.9.9");
  await status("9.9.9.9");
  await status("8.8.8.8");
  const values = await observed(fake);
  const where = { service: "default", mode: "block" };
  expect(values.get(`express_bunker.requests ${JSON.stringify({ verdict: "deny", ...where })}`)).toBe(1);
  expect(values.get("express_bunker.bans_active {}")).toBe(1);
  const decision = fake.instruments.find(({ name }) => name === "express_bunker.decision")!;
  expect([decision.kind, decision.unit, decision.recorded.length]).toEqual(["histogram", "s", 2]);
  expect(decision.recorded.map(([, { verdict }]) => verdict)).toEqual(["deny", "pass"]);
  const kinds = fake.instruments.map(({ name, kind, unit }) => [name, kind, unit]);
  expect(kinds).toContainEqual(["express_bunker.denied", "counter", ""]);
  expect(kinds).toContainEqual(["express_bunker.list_age", "gauge", "s"]);
  expect(kinds).toContainEqual(["express_bunker.cache_hit", "gauge", "1"]);
});

test("what a request waited for is a span below the active one, and what came of it an event of that span", async () => {
  const fake = sdk();
  const { guard, status } = await telemetered(fake);
  await guard.ready();
  await status("8.8.8.8");
  await status("8.8.8.8");
  await guard.bans.add("9.9.9.9");
  await status("9.9.9.9");
  const decisions = fake.spans.filter(({ name }) => name === "express-bunker decision");
  // The second request and the refusal did not wait.
  expect(decisions).toEqual([
    {
      name: "express-bunker decision",
      attributes: { "express_bunker.verdict": "pass" },
      ms: expect.any(Number),
      parent: "the active context",
    },
  ]);
  expect(fake.spans).toContainEqual(
    expect.objectContaining({
      name: "express-bunker dns",
      attributes: { "express_bunker.zone": "list.test" },
    }),
  );
  expect(fake.events.map(({ name }) => name)).toEqual(["express_bunker.banned", "express_bunker.denied"]);
  expect(fake.events[1]!.attributes).toEqual({
    "express_bunker.protection": "bans",
    "express_bunker.reason": "manual",
    "express_bunker.service": "default",
    "express_bunker.mode": "block",
  });
  expect(JSON.stringify([fake.spans, fake.events])).not.toMatch(/9\.9\.9\.9|8\.8\.8\.8/);
});

test("a broken SDK is a warning and breaks no request", async () => {
  const fake = sdk();
  fake.broken = true;
  const { status, warnings } = await telemetered(fake);
  expect(await status("8.8.8.8")).toBe(200);
  expect(warnings.filter((line) => line.includes("WRN_BUNKER_LISTENER"))).toEqual([
    expect.stringContaining("the SDK is broken"),
  ]);
});

test("it ends with the returned function, and with the guard", async () => {
  const fake = sdk();
  const guard = bunker({ bunkernet: false, logger: false });
  const stop = openTelemetry(guard, { api: fake.api });
  expect(fake.callbacks.size).toBe(1);
  stop();
  expect(fake.callbacks.size).toBe(0);
  openTelemetry(guard, { api: fake.api, spans: false });
  await guard.close();
  expect(fake.callbacks.size).toBe(0);
});

test("without the package the error names it", async () => {
  const guard = bunker({ bunkernet: false, logger: false });
  expect(() => openTelemetry(guard)).toThrow(/ERR_BUNKER_PACKAGE.*@opentelemetry\/api/s);
  await guard.close();
});
