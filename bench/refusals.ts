// What it costs to turn a request away, compared with "hello" from bare Express: a banned client, a first visit that is sent to the
// gate, and the gate's own answers. Refusals at the socket have a bench of their own: stream.
import { Report } from "./harness/report.js";
import type { Candidate } from "./harness/stand.js";
import { median } from "./harness/statistics.js";
import { describePlan, measureTurns, ratioOf } from "./harness/turns.js";
import { clientsAtChallenge, newClients } from "./harness/visitor.js";
import { ADDRESSES } from "./servers/clients.js";

const quick = process.argv.includes("--quick");
const PLAN = quick
  ? { starts: 2, warmUp: 8000, slices: 15, requests: 400 }
  : { starts: 10, warmUp: 20_000, slices: 40, requests: 400 };
const BASE = "bare Express";
const BANNED = "banned client: 403";
const GOAL = 1.3;

const withoutCookies = () => Promise.resolve(newClients(ADDRESSES));
const atChallenge = (origin: string) => clientsAtChallenge(origin, ADDRESSES);

const CANDIDATES: readonly Candidate[] = [
  { name: BASE, server: "bare", clients: withoutCookies },
  { name: BANNED, server: "bunker-banned", status: 403, clients: withoutCookies },
  {
    name: "first visit: redirect to the gate",
    server: "gated",
    args: ["javascript"],
    status: 302,
    setsCookies: true,
    clients: withoutCookies,
  },
  {
    name: "challenge page, javascript",
    server: "gated",
    args: ["javascript"],
    path: "/challenge",
    clients: atChallenge,
  },
  {
    name: "pass issued, cookie",
    server: "gated",
    args: ["cookie"],
    path: "/challenge",
    status: 302,
    setsCookies: true,
    clients: atChallenge,
  },
];

async function main(): Promise<void> {
  const report = new Report("refusals");
  const samples = await measureTurns(CANDIDATES, PLAN);
  report.table(
    `${describePlan(PLAN)}. Ratios to bare Express that responds "hello"; more is faster.`,
    CANDIDATES.map(({ name }) => {
      const byCpu = ratioOf(samples, name, BASE, "cpu");
      const byClock = ratioOf(samples, name, BASE, "clock");
      return {
        response: name,
        "CPU µs": median((samples.get(name) ?? []).map(({ cpu }) => cpu)).toFixed(1),
        "ratio by CPU": byCpu.ratio.toFixed(3),
        "95 % bounds": byCpu.text,
        "req/s": Math.round(1e6 / median((samples.get(name) ?? []).map(({ clock }) => clock))),
        "ratio by req/s": byClock.ratio.toFixed(3),
        "bounds by req/s": byClock.text,
      };
    }),
  );
  for (const [by, unit] of [
    ["cpu", "CPU time"],
    ["clock", "requests per second"],
  ] as const) {
    const { ratio, lower, text } = ratioOf(samples, BANNED, BASE, by);
    report.goal({
      goal: `refusing a banned client through the middleware: at least ${GOAL} of bare Express by ${unit}, lower bound`,
      measured: ratio.toFixed(3),
      bounds: text,
      reached: lower >= GOAL,
    });
  }
  report.write(Object.fromEntries(samples));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
