import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import { UPlot } from "./uplot.js";
import { isDark } from "../state/theme.js";

export type Colours = (name: string) => string;

interface Props {
  /** Makes the options; a new function makes a new chart. */
  readonly options: (colours: Colours) => Omit<uPlot.Options, "width" | "height">;
  readonly data: uPlot.AlignedData;
  readonly height: number;
  /** What the chart shows, for those who do not see it. */
  readonly label: string;
  /** Told the index under the pointer and where it is, or nothing. */
  readonly onHover?: (at: number | undefined, left: number) => void;
}

/** A chart of uPlot, as wide as there is room. */
export function Plot({ options, data, height, label, onHover }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const hover = useRef(onHover);
  hover.current = onHover;
  const latest = useRef(data);
  latest.current = data;
  const dark = isDark();

  useLayoutEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = options(coloursOf(element));
    const drawn = new UPlot(
      {
        ...made,
        width: Math.max(80, element.clientWidth),
        height,
        legend: { show: false },
        hooks: {
          ...made.hooks,
          setCursor: [
            (self) =>
              hover.current?.(
                self.cursor.idx ?? undefined,
                (self.cursor.left ?? 0) + self.bbox.left / devicePixelRatio,
              ),
          ],
        },
      },
      latest.current,
      element,
    );
    plot.current = drawn;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) drawn.setSize({ width: element.clientWidth, height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.destroy();
      plot.current = undefined;
    };
  }, [options, height, dark]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [data]);

  return <div ref={place} class="plot" role="img" aria-label={label} style={{ height: `${height}px` }} />;
}

function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

/** The look of an axis. */
export function axis(colours: Colours, more: uPlot.Axis): uPlot.Axis {
  return {
    stroke: colours("soft"),
    font: "11px system-ui, sans-serif",
    grid: { stroke: colours("grid"), width: 1 },
    ticks: { show: false },
    gap: 6,
    ...more,
  };
}
