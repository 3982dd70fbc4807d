import { useState } from "preact/hooks";
import type { ModeChange, ModeState } from "../../api.js";
import { asApiError, change } from "../api/client.js";
import { fullTime } from "../format/times.js";
import { Dialog } from "../parts/dialog.js";
import { Time } from "../parts/time.js";
import { notify } from "../state/notices.js";
import { mode } from "../state/session.js";

const TIMES = [
  { value: 900, text: "15 minutes" },
  { value: 3600, text: "1 hour" },
  { value: 86_400, text: "24 hours" },
  { value: 0, text: "until it is changed" },
];

/** Switches the security mode, for some time or until it is changed. */
export function ModeDialog({ state, onClose }: { readonly state: ModeState; readonly onClose: () => void }) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | undefined>(undefined);
  const [time, setTime] = useState(900);
  const isSet = state.until !== undefined;
  const other = state.mode === "detect" ? "block" : "detect";

  const send = async (wanted: ModeChange): Promise<void> => {
    setBusy(true);
    try {
      const answer = await change<ModeState>("POST", "api/mode", wanted);
      mode.value = answer;
      notify(toldOf(answer));
      onClose();
    } catch (problem) {
      setError(asApiError(problem).message);
      setBusy(false);
    }
  };

  return (
    <Dialog title="Security mode" onClose={onClose}>
      <p class="mode-now">
        <strong class={state.mode}>{state.mode === "detect" ? "Detect" : "Block"}</strong>
        <ModeWords state={state} />
      </p>
      {isSet && (
        <p>
          <button
            type="button"
            class="button primary"
            disabled={isBusy}
            onClick={() => void send({ mode: "configured" })}
          >
            Back to the configured mode ({state.configured})
          </button>
        </p>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send({ mode: other, for: time });
        }}
      >
        <fieldset class="choices">
          <legend>Switch to {other} mode for</legend>
          {TIMES.map(({ value, text }) => (
            <label key={value}>
              <input
                type="radio"
                name="time"
                value={value}
                checked={time === value}
                onChange={() => setTime(value)}
              />
              {text}
            </label>
          ))}
        </fieldset>
        <p class="soft">
          {other === "detect"
            ? "Everybody passes; what would be refused is only noted. "
            : "Requests are refused and challenged. "}
          {time === 0
            ? "It stays so until somebody changes it, on all instances that share the store."
            : "It is undone by itself after that time, on all instances that share the store."}
        </p>
        {error !== undefined && (
          <p class="note bad" role="alert">
            <bdi>{error}</bdi>
          </p>
        )}
        <div class="dialog-end">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            class={`button ${other === "detect" ? "warn-fill" : "primary"}`}
            disabled={isBusy}
          >
            Switch to {other} mode
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** What a mode means now, and until when. */
export function ModeWords({ state }: { readonly state: ModeState }) {
  const means =
    state.mode === "detect"
      ? "Everything is judged and noted; nobody is refused, and no bans are written."
      : "Requests are refused and challenged, and bans are written.";
  return (
    <span>
      {means}{" "}
      {typeof state.until === "number" ? (
        <>
          Until <Time at={state.until} as="full" />, then {state.configured} again.
        </>
      ) : state.until === null ? (
        `Set here, until it is changed; ${state.configured} is configured.`
      ) : (
        "As it is configured."
      )}
      {state.services !== undefined && Object.keys(state.services).length > 0 && (
        <>
          {" "}
          Configured otherwise:{" "}
          {Object.entries(state.services).map(([service, serviceMode]) => (
            <span key={service} class="pair">
              <bdi>{service}</bdi>: {serviceMode}
            </span>
          ))}
        </>
      )}
    </span>
  );
}

function toldOf(state: ModeState): string {
  const name = state.mode === "detect" ? "Detect mode" : "Block mode";
  if (typeof state.until === "number") return `${name} until ${fullTime(state.until)}.`;
  return state.until === null ? `${name} until it is changed.` : `${name}, as it is configured.`;
}
