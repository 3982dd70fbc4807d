// Runs in a browser's worker; each candidate's file hands its loop to this frame, so that all are timed alike.

/** Hashes a batch of 40-byte messages, or its like, and answers how many. */
export type Batch = () => number | Promise<number>;

/** What a worker answers: to being started, and to being asked to hash for a while. */
export type WorkerAnswer = "ready" | { hashes: number; ms: number };

declare const self: {
  onmessage: (event: { data: number }) => unknown;
  postMessage(answer: WorkerAnswer): void;
};

/** Hashes for as many milliseconds as each message says. */
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

/** A message as the protocol has it: 32 random bytes, the puzzle's index, the nonce. `next` writes the next nonce into it. */
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
