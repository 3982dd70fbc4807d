import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const KEY = "express-bunker-theme";
const darkScheme = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(darkScheme.matches);
darkScheme.addEventListener("change", ({ matches }) => {
  systemIsDark.value = matches;
});

/** The scheme that the operator chose. */
export const theme = signal<Theme>(stored());

/** Whether the page is dark now. */
export function isDark(): boolean {
  return theme.value === "dark" || (theme.value === "system" && systemIsDark.value);
}

effect(() => {
  document.documentElement.dataset["theme"] = isDark() ? "dark" : "light";
});

/** Chooses a scheme, and remembers it where the browser allows that. */
export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  try {
    if (chosen === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, chosen);
  } catch {
    // It holds until the page is closed.
  }
}

function stored(): Theme {
  try {
    const text = localStorage.getItem(KEY);
    return text === "light" || text === "dark" ? text : "system";
  } catch {
    return "system";
  }
}
