import { useState } from "preact/hooks";
import type { ModeState } from "../../api.js";
import { duration } from "../format/times.js";
import { Icon } from "../parts/icon.js";
import { now } from "../state/clock.js";
import { mode } from "../state/session.js";
import { ModeDialog } from "./mode-dialog.js";

/** The security mode, always in sight, and the way to change it. */
export function ModeButton() {
  const [isOpen, setOpen] = useState(false);
  const state = mode.value;
  return (
    <>
      <button
        type="button"
        class={`button mode ${state?.mode ?? ""}`}
        aria-haspopup="dialog"
        disabled={state === undefined}
        onClick={() => setOpen(true)}
      >
        <Icon name={state?.mode === "detect" ? "eye" : "shield"} />
        <span>
          <span class="hidden">Mode: </span>
          {state === undefined ? "…" : <ModeText state={state} />}
        </span>
      </button>
      {isOpen && state !== undefined && <ModeDialog state={state} onClose={() => setOpen(false)} />}
    </>
  );
}

function ModeText({ state }: { readonly state: ModeState }) {
  const word = state.mode === "detect" ? "Detect" : "Block";
  if (typeof state.until !== "number") return <>{word}</>;
  return (
    <>
      {word} <small>{duration(Math.max(0, state.until - now.value))}</small>
    </>
  );
}
