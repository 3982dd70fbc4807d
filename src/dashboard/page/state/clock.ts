import { effect, signal } from "@preact/signals";
import { isVisible } from "./visibility.js";

let offset = 0;

/** The clock of the server in ms, once a second while the page is visible. */
export const now = signal(Date.now());

/** Notes what time it is on the server. */
export function setClock(time: number): void {
  offset = time - Date.now();
  now.value = time;
}

effect(() => {
  if (!isVisible.value) return undefined;
  const tick = (): void => {
    now.value = Date.now() + offset;
  };
  tick();
  const timer = setInterval(tick, 1000);
  return () => clearInterval(timer);
});
