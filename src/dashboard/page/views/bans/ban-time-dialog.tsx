import { useState } from "preact/hooks";
import type { BanRow } from "../../../api.js";
import { asApiError } from "../../api/client.js";
import { Dialog } from "../../parts/dialog.js";
import { Remaining } from "../../parts/time.js";
import { changeTime } from "./change-bans.js";
import { A_DAY, secondsOf, TimeChoice } from "./time-choice.js";

/** Extends a ban, shortens it, or makes it last for good. */
export function BanTimeDialog({ ban, onClose }: { readonly ban: BanRow; readonly onClose: () => void }) {
  const [time, setTime] = useState(A_DAY);
  const [error, setError] = useState<string | undefined>(undefined);
  const [isBusy, setBusy] = useState(false);
  const submit = async (): Promise<void> => {
    const ttl = secondsOf(time);
    if (ttl === undefined) {
      setError("This is not a valid time.");
      return;
    }
    setBusy(true);
    try {
      await changeTime(ban, ttl);
      onClose();
    } catch (problem) {
      setError(asApiError(problem).message);
      setBusy(false);
    }
  };
  return (
    <Dialog title="Change the time of a ban" onClose={onClose}>
      <p>
        <bdi class="mono">{ban.address}</bdi>, remaining: <Remaining until={ban.expires} />
      </p>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <TimeChoice label="From now on, ban it for" time={time} error={error} onChange={setTime} />
        <div class="dialog-end">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button primary" disabled={isBusy}>
            Change
          </button>
        </div>
      </form>
    </Dialog>
  );
}
