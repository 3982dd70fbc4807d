import { asApiError } from "../api/client.js";
import { Icon } from "../parts/icon.js";
import { dismiss, notices, notify, type Notice } from "../state/notices.js";

/** What was just done, told where it does not get in the way. */
export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map((notice) => (
        <div key={notice.key} class={`toast ${notice.tone}`}>
          <Icon name={notice.tone === "done" ? "check" : "alarm"} />
          <p>
            <bdi>{notice.text}</bdi>
          </p>
          {notice.undo !== undefined && (
            <button type="button" class="button small" onClick={() => void undo(notice)}>
              Undo
            </button>
          )}
          <button
            type="button"
            class="button icon-only quiet"
            aria-label="Dismiss"
            onClick={() => dismiss(notice.key)}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}

async function undo({ key, undo: back }: Notice): Promise<void> {
  dismiss(key);
  try {
    await back?.();
    notify("Undone.");
  } catch (error) {
    notify(asApiError(error).message, { tone: "failed" });
  }
}
