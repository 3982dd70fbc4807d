import type { PuzzleQueue, Puzzles, Slice } from "./puzzle-queue.js";
import { createSearch, type Search } from "./sha256-puzzle.js";
import { unrolledSearch } from "./unrolled-search.js";

/** A solver's slices grow until one takes about this long: short enough to share evenly, long enough to outweigh the message. */
const SLICE_MS = 12;
const FIRST_SLICE = 2048;
/** Keeps the page responsive if the browser's clock is too coarse to time a slice. */
const MAX_SLICE = 0x20000;
/** Workers that stay silent for this long count as blocked. */
const WORKER_START_MS = 1000;
const MAX_WORKERS = 16;
/** The message of a worker as soon as it runs. */
const READY = "ready";

/** The whole program of a worker. Its text is sent there, so it stands alone. */
function searchWorker(search: Search, ready: string): void {
  self.onmessage = ({ data }: MessageEvent<Parameters<Search>>) => {
    self.postMessage(search(...data));
  };
  self.postMessage(ready);
}

/**
 * Solves a challenge on all cores, and on the main thread in short slices while no worker answers.
 *
 * @param queue The challenge's puzzles, some of which may be solved already.
 * @param onProgress Called with the share of the expected work that is done, 0 … 1, after each slice.
 * @param onSolved Called once with the solution's text.
 * @returns a function that gives up; nothing is called after it.
 */
export function solve(
  puzzles: Puzzles,
  queue: PuzzleQueue,
  onProgress: (share: number) => void,
  onSolved: (solution: string) => void,
): () => void {
  const seed = new Int32Array(8).map((_, i) => parseInt(puzzles.seed.slice(i * 8, i * 8 + 8), 16));
  const order = (slice: Slice): Parameters<Search> => [
    seed,
    slice.index,
    slice.from,
    slice.count,
    puzzles.target,
  ];
  const workers = new Set<Worker>();
  let workersAlive = false;
  let stopped = false;
  let url = "";

  const stop = (): void => {
    stopped = true;
    clearTimeout(startLimit);
    workers.forEach((worker) => {
      worker.terminate();
    });
    URL.revokeObjectURL(url);
  };

  const checkSolved = (): void => {
    const solution = queue.solution();
    onProgress(queue.share());
    if (solution === undefined) return;
    stop();
    onSolved(solution);
  };

  const startWorker = (): void => {
    const worker = new Worker(url);
    const pacer = createPacer(queue);
    const askNext = (): void => {
      const slice = pacer.take();
      if (slice) worker.postMessage(order(slice));
    };
    worker.onmessage = ({ data }: MessageEvent<typeof READY | number>) => {
      if (stopped) return;
      workersAlive = true;
      if (data !== READY) {
        pacer.give(data);
        checkSolved();
      }
      askNext();
    };
    worker.onerror = () => {
      workers.delete(worker);
      worker.terminate();
      if (workers.size > 0) return;
      workersAlive = false;
      runOnMainThread();
    };
    workers.add(worker);
  };

  let mainThread: MessageChannel | undefined;
  const runOnMainThread = (): void => {
    if (stopped || mainThread) return;
    // Unlike timers, messages are not slowed down in background tabs.
    const channel = (mainThread = new MessageChannel());
    const search = createSearch();
    const pacer = createPacer(queue);
    channel.port1.onmessage = () => {
      const slice = stopped || workersAlive ? undefined : pacer.take();
      if (!slice) {
        channel.port1.close();
        mainThread = undefined;
        return;
      }
      pacer.give(search(...order(slice)));
      channel.port2.postMessage(0);
      checkSolved();
    };
    channel.port2.postMessage(0);
  };

  const startLimit = setTimeout(() => {
    if (!workersAlive) runOnMainThread();
  }, WORKER_START_MS);
  try {
    // The page carries the few lines that write the search, not the thousand of the search.
    const program = `(${searchWorker.toString()})(${unrolledSearch()},"${READY}")`;
    url = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
    const cores = Math.min(navigator.hardwareConcurrency || 2, MAX_WORKERS);
    for (let i = 0; i < cores; i++) startWorker();
  } catch {
    // Workers are missing or blocked. Should some have started all the same, they take over as soon as they answer.
    runOnMainThread();
  }
  return stop;
}

/** Takes slices for one solver, one at a time, of a size that suits its speed. */
function createPacer(queue: PuzzleQueue): { take(): Slice | undefined; give(nonce: number): void } {
  let size = FIRST_SLICE;
  let slice: Slice;
  let started = 0;
  return {
    take() {
      started = performance.now();
      const next = queue.take(size);
      if (next) slice = next;
      return next;
    },
    give(nonce) {
      queue.give(slice, nonce);
      if (nonce >= 0) return;
      const elapsed = performance.now() - started;
      if (elapsed < SLICE_MS) size = Math.min(size * 2, MAX_SLICE);
      else if (elapsed > SLICE_MS * 3) size = Math.max(size / 2, 64);
    },
  };
}
