const WIDTH = 100;
const HEIGHT = 28;

/** A line without axes: the figure beside it says the number, this its course. */
export function Sparkline({
  values,
  tone = "",
}: {
  readonly values: readonly number[];
  readonly tone?: string;
}) {
  const most = Math.max(1, ...values);
  const step = values.length > 1 ? WIDTH / (values.length - 1) : 0;
  const points = values.map(
    (value, at) => `${round(at * step)} ${round(HEIGHT - 1 - (value / most) * (HEIGHT - 3))}`,
  );
  const line = points.length === 0 ? "" : `M${points.join("L")}`;
  return (
    <svg
      class={`sparkline ${tone}`}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path class="area" d={line === "" ? "" : `${line}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`} />
      <path class="line" d={line} />
    </svg>
  );
}

const round = (value: number): number => Math.round(value * 100) / 100;
