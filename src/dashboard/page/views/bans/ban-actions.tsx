import { useState } from "preact/hooks";
import type { BanRow } from "../../../api.js";
import { Icon } from "../../parts/icon.js";
import { BanTimeDialog } from "./ban-time-dialog.js";
import { unban } from "./change-bans.js";

/** Lifts a ban, or changes its end. */
export function BanActions({ ban }: { readonly ban: BanRow }) {
  const [isOpen, setOpen] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const lift = async (): Promise<void> => {
    setBusy(true);
    await unban(ban);
    setBusy(false);
  };
  return (
    <>
      <button type="button" class="button small" onClick={() => setOpen(true)}>
        <Icon name="clock" />
        Change time<span class="hidden"> of the ban on {ban.address}</span>
      </button>
      <button type="button" class="button small" disabled={isBusy} onClick={() => void lift()}>
        <Icon name="unban" />
        Unban<span class="hidden"> {ban.address}</span>
      </button>
      {isOpen && <BanTimeDialog ban={ban} onClose={() => setOpen(false)} />}
    </>
  );
}
