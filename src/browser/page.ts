/** The challenge page's elements, as the server writes them. All may be missing but the one that holds the configuration. */
type Part = "config" | "progress" | "status" | "wayout" | "retry" | "opentab" | "nocookies";

/** The element with the id `bunker-<part>`. */
export const part = (name: Part): HTMLElement | null => document.getElementById(`bunker-${name}`);

/** Makes a part visible that is hidden until it is needed. */
export function show(name: Part): void {
  const element = part(name);
  if (element) element.hidden = false;
}

/** Hides a part again. */
export function hide(name: Part): void {
  const element = part(name);
  if (element) element.hidden = true;
}

/** Says something in the live region, where screen readers announce it; the same text is not said twice in a row. */
export function say(text: string): void {
  const element = part("status");
  if (element && element.textContent !== text) element.textContent = text;
}

/** Moves the progress bar to a whole percentage. It may be a `<progress max="100">` or any element with that role. */
export function setProgress(percent: number): void {
  const bar = part("progress");
  if (!bar) return;
  bar.setAttribute("aria-valuenow", `${percent}`);
  if (bar instanceof HTMLProgressElement) bar.value = percent;
  else bar.style.setProperty("--bunker-progress", `${percent}%`);
}
