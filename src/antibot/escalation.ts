import type { Client } from "../request/client.js";
import { RecentMap } from "../recent-map.js";
import type { Context } from "../engine/context.js";
import { isThenable } from "../awaitable.js";
import type { Awaitable } from "../awaitable.js";

/** Failures that lead one step up the ladder. */
const FAILURES_A_STEP = 3;
/** Failures are forgotten this many seconds after the last. */
const MEMORY = 3600;

/** How far up the ladder a client's failures have led it: known here at once, and to other instances through the store. */
export class Escalation {
  private readonly known = new RecentMap<string, { failures: number; until: number }>(20_000);

  constructor(
    private readonly context: Context,
    private readonly steps: number,
  ) {}

  /** The client's step, as far as this instance knows. */
  of(client: Client): number {
    if (this.steps < 2) return 0;
    const known = this.known.get(client.key);
    return known === undefined || this.context.now() >= known.until ? 0 : this.step(known.failures);
  }

  /** The client's step, other instances asked. */
  async ask(client: Client): Promise<number> {
    if (this.steps < 2) return 0;
    const failures = Number((await this.context.store.get(counterKey(client))) ?? 0);
    this.remember(client, failures);
    return this.step(failures);
  }

  /** Records a failure. */
  failed(client: Client): Awaitable<void> {
    if (this.steps < 2) return undefined;
    const failures = this.context.store.increment(counterKey(client), 1, MEMORY);
    if (isThenable(failures))
      return failures.then((late) => {
        this.remember(client, late);
      });
    this.remember(client, failures);
    return undefined;
  }

  private remember(client: Client, failures: number): void {
    this.known.set(client.key, { failures, until: this.context.now() + MEMORY * 1000 });
  }

  private step(failures: number): number {
    return Math.min(this.steps - 1, Math.floor(failures / FAILURES_A_STEP));
  }
}

// Under the address, so that an unban forgets it (R26).
function counterKey(client: Client): string {
  return `hit:${client.key}|ab|failures`;
}
