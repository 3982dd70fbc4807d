import { liveState, type LiveState } from "../state/stream.js";

const WORDS: Readonly<Record<LiveState, readonly [text: string, tone: string]>> = {
  connecting: ["Connecting", "wait"],
  live: ["Live", "on"],
  reconnecting: ["Reconnecting", "wait"],
  full: ["Too many viewers", "off"],
  paused: ["Paused", "off"],
};

/** Whether figures arrive by themselves. */
export function LiveMark() {
  const [text, tone] = WORDS[liveState.value];
  return (
    <span class={`live ${tone}`} role="status" title={text}>
      <i aria-hidden="true" />
      <span>{text}</span>
    </span>
  );
}
