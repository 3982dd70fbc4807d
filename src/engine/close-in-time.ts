import type { Awaitable } from "../awaitable.js";

/** How long the `close()` of a middleware may take, in ms, whatever hangs. */
const CLOSE_MS = 1000;

/** Starts all `tasks` at once. Resolves when each has ended, by success or failure, and after a second in any case. */
export async function closeInTime(tasks: readonly (() => Awaitable<void>)[]): Promise<void> {
  const ended = Promise.allSettled(tasks.map(async (task) => task()));
  let timer: NodeJS.Timeout | undefined;
  // The timer keeps the process alive: what follows `await close()` must run.
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_MS)));
  await Promise.race([ended, late]);
  clearTimeout(timer);
}
