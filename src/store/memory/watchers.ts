import type { Namespace, StoreChange } from "../store.js";

/** One listener to the changes of a namespace. */
export type Listener = (change: StoreChange) => void;

/** Tells listeners of changes, at once. A listener that throws harms neither the store nor the other listeners. */
export class Watchers {
  private readonly listeners = new Map<Namespace, Set<Listener>>();
  private warned = false;

  /** Whether anybody listens to a namespace. */
  hasListeners(namespace: Namespace): boolean {
    return this.listeners.has(namespace);
  }

  /** Tells `listener` of changes until the returned function is called. */
  add(namespace: Namespace, listener: Listener): () => void {
    // Wrapped, so that a function added twice is called twice and taken off singly.
    const own: Listener = (change) => listener(change);
    let listeners = this.listeners.get(namespace);
    if (listeners === undefined) this.listeners.set(namespace, (listeners = new Set()));
    listeners.add(own);
    return () => {
      const left = this.listeners.get(namespace);
      left?.delete(own);
      if (left?.size === 0) this.listeners.delete(namespace);
    };
  }

  notify(namespace: Namespace, change: StoreChange): void {
    for (const listener of this.listeners.get(namespace) ?? []) {
      try {
        listener(change);
      } catch (error) {
        this.warn(error);
      }
    }
  }

  // Once: a listener that throws at every change would fill the log.
  private warn(error: unknown): void {
    if (this.warned) return;
    this.warned = true;
    const code = "WRN_BUNKER_STORE_LISTENER";
    const text = `a listener to store changes threw: ${String(error)} (npx express-bunker error ${code})`;
    process.emitWarning(text, { code });
  }
}
