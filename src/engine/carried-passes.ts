import type { Client } from "../request/client.js";
import type { RequestView } from "../request/request-view.js";

/** Remembers, for a gate, the valid passes that a request carries, as shown by `bearer`. */
export type PassReader = (bearer: Client, request: RequestView) => void;

/**
 * Reads the passes of requests that no gate has judged: those for paths that it ignores, or of a middleware without a gate. A ban
 * of the bearer makes them void, too. Asked only where a bad response is counted or the app bans, so other requests pay nothing.
 */
export class CarriedPasses {
  private readonly readers = new Set<PassReader>();

  /** Adds the reader of a gate on this store. Returns a function that removes it. */
  add(reader: PassReader): () => void {
    this.readers.add(reader);
    return () => void this.readers.delete(reader);
  }

  /** Has the gates remember the passes that came with a request. */
  note(bearer: Client, request: RequestView): void {
    for (const reader of this.readers) {
      try {
        reader(bearer, request);
      } catch {
        // A hook that finds the gate's client threw: the gate emits the fault when it judges a request.
      }
    }
  }
}
