import { signal } from "@preact/signals";

/** Whether the page can be seen: documents in the background ask for nothing. */
export const isVisible = signal(document.visibilityState !== "hidden");

document.addEventListener("visibilitychange", () => {
  isVisible.value = document.visibilityState !== "hidden";
});
