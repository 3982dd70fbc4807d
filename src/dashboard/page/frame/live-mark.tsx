import { liveState, type LiveState } from "../state/stream.js";

const WORDS: Readonly<
  Record<LiveState, { readonly text: string; readonly title: string; readonly tone: string }>
> = {
  connecting: { text: "Connecting", title: "The page connects to the server.", tone: "wait" },
  live: { text: "Live", title: "Figures arrive each second.", tone: "on" },
  reconnecting: {
    text: "Reconnecting",
    title: "The connection is lost; the page tries again.",
    tone: "wait",
  },
  full: {
    text: "Too many viewers",
    title: "The server has no room for another viewer. Figures are read from time to time.",
    tone: "off",
  },
  paused: { text: "Paused", title: "The page is in the background.", tone: "off" },
};

/** Whether the page is live. */
export function LiveMark() {
  const { text, title, tone } = WORDS[liveState.value];
  return (
    <span class={`live ${tone}`} role="status" title={title}>
      <i aria-hidden="true" />
      <span>{text}</span>
    </span>
  );
}
