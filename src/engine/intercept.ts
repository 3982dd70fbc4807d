import type { EventEmitter } from "node:events";

/** Calls `take` before all listeners of one event; `pass` calls those. Returns a function that undoes it, in any order. */
export function intercept(
  emitter: EventEmitter,
  event: string,
  take: (args: readonly unknown[], pass: () => void) => void,
): () => void {
  const before = emitter.emit.bind(emitter);
  const own = Object.getOwnPropertyDescriptor(emitter, "emit");
  let active = true;
  const emit = (name: string | symbol, ...args: unknown[]): boolean => {
    if (!active || name !== event) return before(name, ...args);
    take(args, () => void before(name, ...args));
    return true;
  };
  emitter.emit = emit as typeof emitter.emit;
  return () => {
    active = false;
    if (emitter.emit !== emit) return;
    if (own === undefined) delete (emitter as { emit?: unknown }).emit;
    else Object.defineProperty(emitter, "emit", own);
  };
}
