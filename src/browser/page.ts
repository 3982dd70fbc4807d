import { CLOSED, notifyOpener } from "./frame-messages.js";

/** The challenge page's elements, as the server writes them. All but the configuration may be missing. */
type Part = "config" | "progress" | "status" | "wayout" | "retry" | "opentab" | "nocookies";

/** The element with the id `bunker-<part>`. */
export const part = (name: Part): HTMLElement | null => document.getElementById(`bunker-${name}`);

export function show(name: Part): void {
  const element = part(name);
  if (element) element.hidden = false;
}

export function hide(name: Part): void {
  const element = part(name);
  if (element) element.hidden = true;
}

/** Announces a text in the live region for screen readers; the same text is not announced twice in a row. */
export function announce(text: string): void {
  const element = part("status");
  if (element && element.textContent !== text) element.textContent = text;
}

/** Calls `retry` when the visitor presses "Try again". */
export function onRetry(retry: () => void): void {
  const button = part("retry");
  if (!button) return;
  button.onclick = (event) => {
    event.preventDefault();
    retry();
  };
}

/** Runs the page's program with its configuration as soon as the page is shown: a prerendered page may never be. */
export function runPage(program: (config: never) => void): void {
  const start = (): void => {
    try {
      program(JSON.parse(part("config")?.textContent ?? "") as never);
    } catch {
      show("wayout");
    }
  };
  if ((document as { prerendering?: boolean }).prerendering) {
    document.addEventListener("prerenderingchange", start, { once: true });
  } else start();
}

/** Closes the fetch helper's dialog on Escape, and reloads a page that the browser restored: its challenge is used or old. */
export function watchPage(isDialog = false): void {
  if (isDialog) {
    addEventListener("keydown", ({ key }) => {
      if (key === "Escape") notifyOpener(CLOSED);
    });
  }
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) location.reload();
  });
}
