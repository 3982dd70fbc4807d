// Runs in a worker of the browser. Each candidate passes its loop to this frame, so that all are timed in the same way.

/** Hashes a batch of 40-byte messages (or the candidate's own kind of message) and returns the number of hashes. */
export type Batch = () => number | Promise<number>;

/** A message from a worker: it has started, or it has hashed for a while. */
export type WorkerAnswer = "ready" | { hashes: number; ms: number };

declare const self: {
  onmessage: (event: { data: number }) => unknown;
  postMessage(answer: WorkerAnswer): void;
};

/** Posts "ready", then hashes for as many milliseconds as each message from the page holds. */
export function serve(batch: Batch): void {
  self.onmessage = async ({ data: limit }) => {
    const started = performance.now();
    let hashes = 0;
    let ms = 0;
    do {
      hashes += await batch();
      ms = performance.now() - started;
    } while (ms < limit);
    self.postMessage({ hashes, ms });
  };
  self.postMessage("ready");
}

/** Creates a message of the protocol: 32 random bytes, the puzzle's index, the nonce. `next` writes the next nonce into it. */
export function createMessage(): { bytes: Uint8Array<ArrayBuffer>; next: () => void } {
  const bytes = crypto.getRandomValues(new Uint8Array(40));
  const view = new DataView(bytes.buffer);
  let nonce = 0;
  return {
    bytes,
    next: () => {
      view.setUint32(36, nonce++);
    },
  };
}
