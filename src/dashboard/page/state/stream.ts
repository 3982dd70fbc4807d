import { effect, signal } from "@preact/signals";
import type { EventRow, LiveSample } from "../../api.js";
import { setClock } from "./clock.js";
import { mode } from "./session.js";
import { isVisible } from "./visibility.js";

/** `full`: there are too many viewers; `paused`: the page is in the background. */
export type LiveState = "connecting" | "live" | "reconnecting" | "full" | "paused";

/** How many samples are kept: three minutes. */
export const KEPT_SAMPLES = 180;
const KEPT_EVENTS = 60;
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;

/** Whether figures arrive by themselves. */
export const liveState = signal<LiveState>("connecting");

/** The newest samples, oldest first. */
export const samples = signal<readonly LiveSample[]>([]);

/** The newest events, newest first. */
export const recentEvents = signal<readonly EventRow[]>([]);

let source: EventSource | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let wait = FIRST_WAIT;

/** Follows the stream while the page is visible. */
export function followStream(): void {
  effect(() => {
    if (isVisible.value) open();
    else {
      close();
      liveState.value = "paused";
    }
  });
}

function open(): void {
  close();
  if (liveState.peek() === "paused") liveState.value = "connecting";
  const opened = new EventSource("api/stream");
  source = opened;
  opened.addEventListener("sample", (event: MessageEvent<string>) => {
    take(JSON.parse(event.data) as LiveSample);
  });
  opened.addEventListener("closed", (event: MessageEvent<string>) => {
    retry(/viewer|busy/i.test(event.data) ? "full" : "reconnecting", LONGEST_WAIT / 2);
  });
  opened.onerror = () => {
    // Browsers try again by themselves, but not after an answer that is no stream, and not slower each time.
    retry(liveState.peek() === "full" ? "full" : "reconnecting", wait);
    wait = Math.min(LONGEST_WAIT, wait * 2);
  };
}

function close(): void {
  clearTimeout(timer);
  source?.close();
  source = undefined;
}

function retry(state: LiveState, ms: number): void {
  close();
  liveState.value = state;
  timer = setTimeout(open, ms);
}

function take(sample: LiveSample): void {
  wait = FIRST_WAIT;
  liveState.value = "live";
  setClock(sample.time);
  if (JSON.stringify(mode.peek()) !== JSON.stringify(sample.mode)) mode.value = sample.mode;
  const last = samples.peek().at(-1);
  // A gap of the connection is a gap in the chart, not a line across it.
  const kept = last !== undefined && sample.time - last.time > KEPT_SAMPLES * 1000 ? [] : samples.peek();
  samples.value = [...kept.slice(1 - KEPT_SAMPLES), sample];
  if (sample.events.length > 0) addEvents(sample.events);
}

/** Adds events to the newest ones, each once. */
export function addEvents(events: readonly EventRow[]): void {
  const known = new Set(recentEvents.peek().map(({ key }) => key));
  const fresh = events.filter(({ key }) => !known.has(key));
  if (fresh.length === 0) return;
  recentEvents.value = [...fresh, ...recentEvents.peek()]
    .sort((one, other) => other.time - one.time)
    .slice(0, KEPT_EVENTS);
}
