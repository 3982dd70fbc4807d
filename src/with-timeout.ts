/** Work took longer than it may. */
export class TimeoutError extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
    this.name = "TimeoutError";
  }
}

/**
 * Settles as `work` does, or after `ms` as `onTimeout` does: with what it returns, or rejected with what it throws; without
 * it, rejected with a {@link TimeoutError}. `work` itself goes on. The timer does not keep the process alive.
 */
export function withTimeout<T>(work: PromiseLike<T>, ms: number): Promise<T>;
export function withTimeout<T, Late>(
  work: PromiseLike<T>,
  ms: number,
  onTimeout: () => Late,
): Promise<T | Late>;
export function withTimeout<T, Late>(
  work: PromiseLike<T>,
  ms: number,
  onTimeout?: () => Late,
): Promise<T | Late> {
  return new Promise((resolve, reject) => {
    let settled = false;
    const expire = (): void => {
      // Between the timer and this; nobody would handle what `onTimeout` throws.
      if (settled) return;
      if (onTimeout === undefined) reject(new TimeoutError(ms));
      else resolve(Promise.resolve().then(onTimeout));
    };
    // After the process was busy, a timer fires before replies that have arrived are read: they come first.
    const timer = setTimeout(() => setImmediate(expire), ms).unref();
    work.then(
      (value) => {
        settled = true;
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        settled = true;
        clearTimeout(timer);
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- passed on as it is
        reject(error);
      },
    );
  });
}
