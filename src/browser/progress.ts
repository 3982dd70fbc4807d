import { setProgress } from "./page.js";

/** After this long without progress, or with less than half done, the page shows a way out. */
const SLOW_MS = 15_000;
/** How often the progress is looked at. */
const TICK_MS = 250;

/** Draws the progress bar a few times a second. */
export interface ProgressWatch {
  /** Starts, with a share of the work that is done already. */
  start: (share: number) => void;
  /** Records the share that is done, 0 … 1. */
  moveTo: (share: number) => void;
  /** Stops looking. */
  end: () => void;
}

/** @param onSlow Called once, when nothing moved for 15 s or less than half is done after 15 s. */
export function watchProgress(onSlow: () => void): ProgressWatch {
  let share = 0;
  let percent = 0;
  let started = 0;
  let moved = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  let isSlow = false;

  const tick = (): void => {
    const now = performance.now();
    const reached = Math.floor(share * 100);
    if (reached > percent) {
      percent = reached;
      moved = now;
      setProgress(percent);
    }
    if (isSlow || (now - moved < SLOW_MS && (share >= 0.5 || now - started < SLOW_MS))) return;
    isSlow = true;
    onSlow();
  };

  const end = (): void => {
    clearInterval(timer);
  };

  return {
    start(now) {
      end();
      share = now;
      percent = Math.floor(share * 100);
      setProgress(percent);
      started = moved = performance.now();
      timer = setInterval(tick, TICK_MS);
    },
    moveTo(now) {
      share = now;
      // The full bar is shown at once: the page may be gone at the next tick.
      if (share === 1) tick();
    },
    end,
  };
}
