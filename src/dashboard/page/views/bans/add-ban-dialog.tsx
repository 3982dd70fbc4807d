import { useState } from "preact/hooks";
import type { BanRequest } from "../../../api.js";
import { asApiError, type ApiError } from "../../api/client.js";
import { Dialog } from "../../parts/dialog.js";
import { Field } from "../../parts/field.js";
import { session } from "../../state/session.js";
import { addBan } from "./change-bans.js";
import { A_DAY, secondsOf, TimeChoice } from "./time-choice.js";

const WIDE = "ERR_BUNKER_BAN_WIDE";

/** Bans an address or a range. */
export function AddBanDialog({
  address: given = "",
  onClose,
}: {
  readonly address?: string;
  readonly onClose: () => void;
}) {
  const services = session.value?.services ?? [];
  const [address, setAddress] = useState(given);
  const [reason, setReason] = useState("manual");
  const [service, setService] = useState("");
  const [time, setTime] = useState(A_DAY);
  const [force, setForce] = useState(false);
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const [timeError, setTimeError] = useState<string | undefined>(undefined);
  const [isBusy, setBusy] = useState(false);
  const isWide = error?.code === WIDE;

  const submit = async (): Promise<void> => {
    const ttl = secondsOf(time);
    setTimeError(ttl === undefined ? "This is not a valid time." : undefined);
    if (ttl === undefined) return;
    setBusy(true);
    try {
      await addBan({
        address: address.trim(),
        ttl,
        reason: reason.trim() === "" ? undefined : reason.trim(),
        ...(service === "" ? { scope: "global" } : { scope: "service", service }),
        ...(isWide && force ? { force } : {}),
      } satisfies BanRequest);
      onClose();
    } catch (problem) {
      setError(asApiError(problem));
      setBusy(false);
    }
  };
  const errorOf = (field: string): string | undefined => (error?.field === field ? error.message : undefined);
  const isElsewhere = error !== undefined && !isWide && !FIELDS.has(error.field ?? "");

  return (
    <Dialog title="Add a ban" onClose={onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Field
          label="Address or range"
          hint="Such as 203.0.113.7, 198.51.100.0/24 or 2001:db8::/48"
          error={errorOf("address") ?? (isWide ? error.message : undefined)}
        >
          {(attributes) => (
            <input
              {...attributes}
              class="mono"
              value={address}
              autoFocus
              required
              maxLength={64}
              autoComplete="off"
              autoCapitalize="off"
              spellcheck={false}
              onInput={(event) => {
                setAddress(event.currentTarget.value);
                setForce(false);
              }}
            />
          )}
        </Field>
        {isWide && (
          <label class="check">
            <input
              type="checkbox"
              checked={force}
              onChange={(event) => setForce(event.currentTarget.checked)}
            />
            Ban it all the same
          </label>
        )}
        <div class="fields">
          <TimeChoice label="For" time={time} error={timeError ?? errorOf("ttl")} onChange={setTime} />
          {services.length > 0 && (
            <Field label="At" error={errorOf("service") ?? errorOf("scope")}>
              {(attributes) => (
                <select
                  {...attributes}
                  value={service}
                  onChange={(event) => setService(event.currentTarget.value)}
                >
                  <option value="">all services</option>
                  {services.map((name) => (
                    <option key={name} value={name}>
                      {name}
                    </option>
                  ))}
                </select>
              )}
            </Field>
          )}
        </div>
        <Field
          label="Reason"
          hint="It is shown in the list of bans and in the log."
          error={errorOf("reason")}
        >
          {(attributes) => (
            <input
              {...attributes}
              value={reason}
              maxLength={64}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
          )}
        </Field>
        {isElsewhere && (
          <p class="note bad" role="alert">
            <bdi>{error.message}</bdi>
          </p>
        )}
        <div class="dialog-end">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button primary" disabled={isBusy}>
            Ban
          </button>
        </div>
      </form>
    </Dialog>
  );
}

const FIELDS: ReadonlySet<string> = new Set(["address", "ttl", "service", "scope", "reason"]);
