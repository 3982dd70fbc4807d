import { setProgress } from "./page.js";

/** After this long without progress, or with less than half done, people get a way out. */
const PATIENCE_MS = 15_000;
/** How often the progress bar and the patience are looked at. */
const TICK_MS = 250;

/** Draws the progress bar a few times a second. */
export interface ProgressWatch {
  /** Starts, with a share of the work that is done already. */
  start: (share: number) => void;
  /** Notes the share that is done, 0 … 1. */
  moveTo: (share: number) => void;
  /** Stops looking. */
  end: () => void;
}

/** @param onImpatience Called once, when nothing moved for 15 s or less than half is done after 15 s. */
export function watchProgress(onImpatience: () => void): ProgressWatch {
  let share = 0;
  let percent = 0;
  let started = 0;
  let moved = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  let impatient = false;

  const tick = (): void => {
    const now = performance.now();
    const reached = Math.floor(share * 100);
    if (reached > percent) {
      percent = reached;
      moved = now;
      setProgress(percent);
    }
    if (impatient || (now - moved < PATIENCE_MS && (share >= 0.5 || now - started < PATIENCE_MS))) return;
    impatient = true;
    onImpatience();
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
