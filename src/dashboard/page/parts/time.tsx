import { ago, clockTime, duration, fullTime, shortTime, utcTime } from "../format/times.js";
import { now } from "../state/clock.js";

interface Props {
  readonly at: number;
  /** `clock`: the time of day; `short`: with the day unless it is today; `ago`: how long ago; `full`: date and time. */
  readonly as?: "clock" | "short" | "ago" | "full";
}

/** A time in the operator's time zone; its title says it in UTC. */
export function Time({ at, as = "short" }: Props) {
  const text =
    as === "clock"
      ? clockTime(at)
      : as === "full"
        ? fullTime(at)
        : as === "ago"
          ? ago(at, now.value)
          : shortTime(at, now.value);
  const title = as === "ago" ? `${fullTime(at)} (${utcTime(at)})` : utcTime(at);
  return (
    <time class="time" dateTime={new Date(at).toISOString()} title={title}>
      {text}
    </time>
  );
}

/** How long a ban lasts yet, counted down. */
export function Remaining({ until }: { readonly until: number | null }) {
  if (until === null) return <span class="for-good">for good</span>;
  const left = until - now.value;
  return (
    <time
      class="time"
      dateTime={new Date(until).toISOString()}
      title={`until ${fullTime(until)} (${utcTime(until)})`}
    >
      {left > 0 ? duration(left) : "over"}
    </time>
  );
}
