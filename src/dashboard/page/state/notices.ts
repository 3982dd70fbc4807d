import { signal } from "@preact/signals";

/** A short message about what was done, perhaps with a way back. */
export interface Notice {
  readonly key: number;
  readonly text: string;
  readonly tone: "done" | "failed";
  readonly undo?: () => Promise<unknown>;
}

const SHOWN_MS = 8000;
/** Long enough to notice a mistake and to reach the button by keyboard. */
const SHOWN_WITH_UNDO_MS = 60_000;
const MAX_NOTICES = 3;

export const notices = signal<readonly Notice[]>([]);

let next = 1;

/** Shows a message for some time. */
export function notify(
  text: string,
  { tone = "done", undo }: Partial<Pick<Notice, "tone" | "undo">> = {},
): void {
  const key = next++;
  notices.value = [...notices.peek(), { key, text, tone, undo }].slice(-MAX_NOTICES);
  setTimeout(() => dismiss(key), undo === undefined && tone === "done" ? SHOWN_MS : SHOWN_WITH_UNDO_MS);
}

/** Takes a message away. */
export function dismiss(key: number): void {
  notices.value = notices.peek().filter((notice) => notice.key !== key);
}
