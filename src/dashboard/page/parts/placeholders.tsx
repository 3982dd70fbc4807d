import type { ComponentChildren } from "preact";
import type { ApiError } from "../api/client.js";
import { Icon, type IconName } from "./icon.js";

/** Stands where something will appear, and says what. */
export function Empty({
  title,
  icon = "shield",
  children,
}: {
  readonly title: string;
  readonly icon?: IconName;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <p class="empty-title">{title}</p>
      {children !== undefined && <p class="soft">{children}</p>}
    </div>
  );
}

/** Takes the room of what is being read. */
export function Skeleton({ lines = 4, tall = false }: { readonly lines?: number; readonly tall?: boolean }) {
  return (
    <div class={tall ? "skeleton tall" : "skeleton"} role="status">
      <span class="hidden">Loading…</span>
      {Array.from({ length: tall ? 1 : lines }, (_, at) => (
        <span key={at} class="bone" aria-hidden="true" />
      ))}
    </div>
  );
}

/** Takes the room of panels that are being read: their widths in twelfths. */
export function LoadingPanels({ spans }: { readonly spans: readonly number[] }) {
  return (
    <div class="grid">
      {spans.map((span) => (
        <div key={span} class={`panel span-${span}`}>
          <Skeleton tall />
        </div>
      ))}
    </div>
  );
}

/** Says that something could not be read. */
export function Failure({ error, retry }: { readonly error: ApiError; readonly retry?: () => void }) {
  return (
    <div class="banner danger" role="alert">
      <Icon name="alarm" />
      <p>
        <bdi>{error.message}</bdi>
      </p>
      {retry !== undefined && (
        <button type="button" class="button small" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Says that figures may be incomplete. */
export function Incomplete({ problem }: { readonly problem: string }) {
  return (
    <div class="banner warn" role="status">
      <Icon name="info" />
      <p>
        <strong>Figures of this instance only.</strong> <bdi>{problem}</bdi>
      </p>
    </div>
  );
}
