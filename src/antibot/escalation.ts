import type { Client } from "../request/client.js";
import { RecentMap } from "../recent-map.js";
import type { Context } from "../engine/context.js";
import { isThenable, type Awaitable } from "../awaitable.js";

/** Failures that lead to the next challenge of the policy. */
const FAILURES_PER_STEP = 3;
/** Failures are forgotten this many seconds after the last. */
const MEMORY = 3600;

/** How far a client's failures have escalated its challenge: known here at once, and on other instances through the store. */
export class Escalation {
  private readonly clients = new RecentMap<string, { failures: number; until: number }>(20_000);

  /** @param steps how many challenges the policy lists */
  constructor(
    private readonly context: Context,
    private readonly steps: number,
  ) {}

  /** The client's step, as far as this instance knows. */
  localStep(client: Client): number {
    if (this.steps < 2) return 0;
    const entry = this.clients.get(client.key);
    return entry === undefined || this.context.now() >= entry.until ? 0 : this.stepAfter(entry.failures);
  }

  /** The client's step after its failures on all instances. */
  async sharedStep(client: Client): Promise<number> {
    if (this.steps < 2) return 0;
    const failures = Number((await this.context.store.get(counterKey(client))) ?? 0);
    this.remember(client, failures);
    return this.stepAfter(failures);
  }

  failed(client: Client): Awaitable<void> {
    if (this.steps < 2) return undefined;
    const failures = this.context.store.increment(counterKey(client), 1, MEMORY);
    if (isThenable(failures)) return failures.then((late) => this.remember(client, late));
    this.remember(client, failures);
    return undefined;
  }

  private remember(client: Client, failures: number): void {
    this.clients.set(client.key, { failures, until: this.context.now() + MEMORY * 1000 });
  }

  private stepAfter(failures: number): number {
    return Math.min(this.steps - 1, Math.floor(failures / FAILURES_PER_STEP));
  }
}

// The key starts with the address, so that an unban clears it (R26).
function counterKey(client: Client): string {
  return `hit:${client.key}|ab|failures`;
}
