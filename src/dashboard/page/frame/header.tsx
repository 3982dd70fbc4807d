import { Icon, type IconName } from "../parts/icon.js";
import { href, route, type View } from "../state/route.js";
import { samples } from "../state/stream.js";
import { LiveMark } from "./live-mark.js";
import { ModeButton } from "./mode-button.js";
import { SearchField } from "./search-field.js";
import { ThemeButton } from "./theme-button.js";

const LINKS: readonly { readonly view: View; readonly text: string; readonly icon: IconName }[] = [
  { view: "overview", text: "Overview", icon: "overview" },
  { view: "protections", text: "Protections", icon: "protections" },
  { view: "bans", text: "Bans", icon: "bans" },
  { view: "settings", text: "Settings", icon: "settings" },
];

/** What stays in place: where to go, what to find, and how things are. */
export function Header() {
  const { view } = route.value;
  const alarms = samples.value.at(-1)?.alarms ?? 0;
  return (
    <header class="top">
      <a class="brand" href={href("overview")}>
        <svg class="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
          <path d="M12 2.5 4 5.500v6c0 4.8 3.3 8.3 8 10 4.7-1.7 8-5.2 8-10v-6z" />
          <path d="m8.5 12 2.5 2.5 4.5-5" />
        </svg>
        <span>express-bunker</span>
      </a>
      <nav aria-label="Views">
        {LINKS.map((link) => (
          <a key={link.view} href={href(link.view)} aria-current={view === link.view ? "page" : undefined}>
            <Icon name={link.icon} />
            <span>{link.text}</span>
            {link.view === "overview" && alarms > 0 && (
              <b class="alarms">
                {alarms}
                <span class="hidden"> {alarms === 1 ? "alarm" : "alarms"}</span>
              </b>
            )}
          </a>
        ))}
      </nav>
      <SearchField />
      <div class="top-state">
        <LiveMark />
        <ModeButton />
        <ThemeButton />
      </div>
    </header>
  );
}
