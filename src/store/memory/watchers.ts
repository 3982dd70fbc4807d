import { printable } from "../../printable.js";
import type { Namespace, StoreChange } from "../store.js";

type Listener = (change: StoreChange) => void;

/** Calls listeners synchronously. A listener that throws affects neither the store nor the other listeners. */
export class Watchers {
  private readonly listeners = new Map<Namespace, Set<Listener>>();
  private warned = false;

  hasListeners(namespace: Namespace): boolean {
    return this.listeners.has(namespace);
  }

  /** Adds a listener; the returned function removes it. */
  add(namespace: Namespace, listener: Listener): () => void {
    // Wrapped, so that a function added twice is called twice and removed individually.
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
        // Once: a listener that throws on every change would fill the log.
        if (this.warned) continue;
        this.warned = true;
        const code = "WRN_BUNKER_STORE_LISTENER";
        const text = `a listener to store changes threw: ${printable(String(error))} (npx express-bunker error ${code})`;
        process.emitWarning(text, { code });
      }
    }
  }
}
