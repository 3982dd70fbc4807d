import fc from "fast-check";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setImmediate } from "node:timers/promises";
import { Replay } from "../../src/cli/forecast/replay.js";
import { bunker, MemoryStore, type BadBehaviorOptions } from "../../src/index.js";
import { ask } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { EXPRESS, plainSite, serve } from "../support/hosts.js";

interface Step {
  /** Seconds since the step before. */
  readonly pause: number;
  readonly ip: string;
  readonly status: number;
}

const steps = fc.array(
  fc.record<Step>({
    pause: fc.integer({ min: 0, max: 12 }),
    ip: fc.constantFrom("45.83.64.1", "45.83.64.2", "2a00:1450::1", "10.0.0.1"),
    status: fc.constantFrom(200, 404, 404, 403, 500),
  }),
  { minLength: 1, maxLength: 60 },
);
const options = fc.record<BadBehaviorOptions>({
  threshold: fc.integer({ min: 1, max: 6 }),
  countTime: fc.integer({ min: 5, max: 60 }),
  banTime: fc.constantFrom(0, 1, 20, 600),
  banScope: fc.constantFrom("service", "global"),
});

interface Outcome {
  readonly bans: readonly string[];
  readonly refused: number;
}

/** What really happens: an app, requests, and a clock. */
async function inAnApp(badBehavior: BadBehaviorOptions, requests: readonly Step[]): Promise<Outcome> {
  const clock = new Clock();
  const bans: string[] = [];
  const app = bunker({
    store: new MemoryStore(),
    bunkernet: false,
    badBehavior,
    now: clock.now,
    logger: false,
    events: { banned: ({ time, ip }) => void bans.push(`${time.toISOString()} ${ip}`) },
  });
  let over: Promise<unknown> = Promise.resolve();
  // The app's own listener was registered before: when this one is called, the answer has been counted.
  const site = (req: IncomingMessage, res: ServerResponse): void => {
    over = once(res, "close");
    plainSite(req, res);
  };
  const served = await serve(EXPRESS.app([app], site));
  let refused = 0;
  for (const { pause, ip, status } of requests) {
    clock.advance(pause);
    const got = await ask(served.url, `/status/${status}`, { from: ip });
    if (!got.text.startsWith("site: ")) refused++;
    await over;
    await setImmediate();
  }
  await served.close();
  await app.close();
  return { bans, refused };
}

async function inAForecast(badBehavior: BadBehaviorOptions, requests: readonly Step[]): Promise<Outcome> {
  const clock = new Clock();
  const replay = new Replay({ badBehavior });
  await replay.ready();
  for (const { pause, ip, status } of requests) {
    clock.advance(pause);
    await replay.take(
      {
        time: clock.now(),
        ip,
        method: "GET",
        url: `/status/${status}`,
        status,
        host: undefined,
        referer: undefined,
        userAgent: undefined,
      },
      undefined,
    );
  }
  replay.close();
  return {
    bans: replay.bans.map(({ time, ip }) => `${time.toISOString()} ${ip}`),
    refused: replay.refused,
  };
}

test("a forecast is what an app would have done", async () => {
  const seen = { bans: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(options, steps, async (badBehavior, requests) => {
      const real = await inAnApp(badBehavior, requests);
      expect(await inAForecast(badBehavior, requests)).toEqual(real);
      seen.bans += real.bans.length;
      seen.refused += real.refused;
    }),
    { numRuns: 40 },
  );
  expect(seen.bans).toBeGreaterThan(0);
  expect(seen.refused).toBeGreaterThan(0);
});
