import { Icon } from "../parts/icon.js";
import { chooseTheme, theme, type Theme } from "../state/theme.js";

const NEXT: Readonly<Record<Theme, Theme>> = { system: "dark", dark: "light", light: "system" };
const WORDS: Readonly<Record<Theme, string>> = {
  system: "Colours of the system",
  dark: "Dark colours",
  light: "Light colours",
};
const ICONS = { system: "system", dark: "moon", light: "sun" } as const;

/** Goes from the system's colours to dark ones, to light ones, and back. */
export function ThemeButton() {
  const current = theme.value;
  const label = `${WORDS[current]}. Change to: ${WORDS[NEXT[current]].toLowerCase()}`;
  return (
    <button
      type="button"
      class="button icon-only quiet"
      aria-label={label}
      title={label}
      onClick={() => chooseTheme(NEXT[current])}
    >
      <Icon name={ICONS[current]} />
    </button>
  );
}
