const DEADLINE_MS = 30_000;

/**
 * Waits until a condition is true that depends on another process, a socket or a later turn of the event loop.
 *
 * @param condition is called every 2 ms; its source text is part of the error
 * @param deadline in ms, much longer than the wait should ever take
 * @throws {Error} at the deadline, with the condition
 */
export async function until(condition: () => unknown, deadline = DEADLINE_MS): Promise<void> {
  const end = performance.now() + deadline;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not so within ${deadline} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
