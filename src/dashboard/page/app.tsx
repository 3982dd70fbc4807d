import { useEffect, useRef } from "preact/hooks";
import { Header } from "./frame/header.js";
import { Notices } from "./frame/notices.js";
import { Failure } from "./parts/placeholders.js";
import { route, type View } from "./state/route.js";
import { openSession, sessionError } from "./state/session.js";
import { AddressView } from "./views/address/address-view.js";
import { BansView } from "./views/bans/bans-view.js";
import { OverviewView } from "./views/overview/overview-view.js";
import { ProtectionsView } from "./views/protections/protections-view.js";
import { ReferenceView } from "./views/reference-view.js";
import { SettingsView } from "./views/settings/settings-view.js";

const TITLES: Readonly<Record<View, string>> = {
  overview: "Overview",
  protections: "Protections",
  bans: "Bans",
  address: "Address",
  reference: "Reference id",
  settings: "Settings",
};

/** The whole page. */
export function App() {
  const { view, argument } = route.value;
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${argument === "" ? TITLES[view] : `${argument} · ${TITLES[view]}`} · express-bunker`;
    // The view of a link that was followed is announced and read from its beginning.
    if (!isFirst.current) {
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    isFirst.current = false;
  }, [view, argument]);
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <Header />
      <main id="main" ref={main} tabIndex={-1} aria-label={TITLES[view]}>
        {sessionError.value !== undefined && (
          <Failure error={sessionError.value} retry={() => void openSession()} />
        )}
        <CurrentView />
      </main>
      <Notices />
    </>
  );
}

function CurrentView() {
  const { view, argument } = route.value;
  switch (view) {
    case "overview":
      return <OverviewView />;
    case "protections":
      return <ProtectionsView />;
    case "bans":
      return <BansView />;
    case "address":
      return <AddressView key={argument} address={argument} />;
    case "reference":
      return <ReferenceView key={argument} id={argument} />;
    case "settings":
      return <SettingsView />;
  }
}
