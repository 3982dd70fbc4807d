const DEADLINE_MS = 30_000;

/**
 * Waits until something is so that happens elsewhere: in another process, on a socket, in a later turn of the event loop.
 *
 * @param condition asked every few milliseconds; its own text says in the error what was awaited
 * @param deadline in ms, far above what it ever takes
 * @throws {Error} at the deadline, naming the condition
 */
export async function until(condition: () => unknown, deadline = DEADLINE_MS): Promise<void> {
  const end = performance.now() + deadline;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not so within ${deadline} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
