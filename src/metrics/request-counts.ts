import type { MeteredPlace, RequestOutcome } from "../meter.js";
import type { Sample } from "./families.js";
import type { LabelLimit } from "../label-limit.js";

const OUTCOMES: readonly RequestOutcome[] = ["pass", "deny", "challenge", "gate"];
const MODES: readonly MeteredPlace["mode"][] = ["block", "detect"];

interface Counts {
  readonly outcomes: Record<RequestOutcome, number>;
  /** Requests that a first middleware passed on and a later one refused. */
  late: number;
  /** The number of passed requests that was told last: it never falls. */
  told: number;
}

/** Counts requests by verdict, service and mode. Called for every request, so it makes no strings. */
export class RequestCounts {
  private readonly services = new Map<string, Record<MeteredPlace["mode"], Counts>>();
  /** Most requests are of the same service as the one before. */
  private last:
    { readonly service: string; readonly byMode: Record<MeteredPlace["mode"], Counts> } | undefined;

  constructor(private readonly limit: LabelLimit) {}

  add(outcome: RequestOutcome, service: string, mode: MeteredPlace["mode"], isFirst: boolean): void {
    let { last } = this;
    if (last?.service !== service)
      last = this.last = { service, byMode: this.services.get(service) ?? this.newService(service) };
    const counts = last.byMode[mode];
    counts.outcomes[outcome]++;
    if (!isFirst) counts.late++;
  }

  get samples(): Sample[] {
    return [...this.services].flatMap(([service, byMode]) =>
      MODES.flatMap((mode) => {
        const { outcomes } = byMode[mode];
        if (OUTCOMES.every((outcome) => outcomes[outcome] === 0)) return [];
        return OUTCOMES.map((verdict) => ({
          labels: { verdict, service, mode },
          value: verdict === "pass" ? passed(byMode[mode]) : outcomes[verdict],
        }));
      }),
    );
  }

  private newService(service: string): Record<MeteredPlace["mode"], Counts> {
    const name = this.limit.of(service);
    let counts = this.services.get(name);
    if (counts === undefined) this.services.set(name, (counts = { block: newCounts(), detect: newCounts() }));
    return counts;
  }
}

// A request may be refused by a later middleware between two scrapes.
function passed(counts: Counts): number {
  return (counts.told = Math.max(counts.told, counts.outcomes.pass - counts.late));
}

function newCounts(): Counts {
  return { outcomes: { pass: 0, deny: 0, challenge: 0, gate: 0 }, late: 0, told: 0 };
}
