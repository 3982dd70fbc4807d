import { setTimeout as pause } from "node:timers/promises";
import { StoreFailure } from "../errors.js";
import { withTimeout } from "../with-timeout.js";
import type { Context } from "./context.js";

/** The pause after a failed read, in ms. */
const RETRY_MS = 250;

/**
 * Resolves when the bans in the store are known, and the mode that was set at run time. A read that fails is made again until `readyTimeout` has passed.
 *
 * @throws what failed last, or {@link StoreFailure} if a read took too long
 */
export async function bansRead(context: Context): Promise<void> {
  const { banIndex, options, securityMode } = context;
  const { readyTimeout, store } = options;
  const deadline = performance.now() + readyTimeout * 1000;
  const closed = new AbortController();
  context.onClose(() => closed.abort());
  const late = (): never => {
    const why = store.problem === undefined ? "" : `: ${store.problem}`;
    throw new StoreFailure(new Error(`bans were not read within ${readyTimeout} s${why}`));
  };
  for (;;) {
    const loading = banIndex.ready() ?? securityMode.ready();
    if (loading === undefined) return;
    try {
      await withTimeout(loading, Math.max(1, deadline - performance.now()), late);
      continue;
    } catch (error) {
      if (closed.signal.aborted || performance.now() + RETRY_MS >= deadline) throw error;
    }
    await pause(RETRY_MS, undefined, { signal: closed.signal }).catch(() => undefined);
  }
}
