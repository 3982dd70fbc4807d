/** A value, or a promise of it: stores in memory return at once, stores on a network cannot. */
export type Awaitable<T> = T | Promise<T>;

/** Whether a value is a promise or the like. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
