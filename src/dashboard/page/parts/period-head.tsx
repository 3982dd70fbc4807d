import type { HistoryRange } from "../../api.js";
import { RANGES } from "../format/times.js";
import { setQuery } from "../state/route.js";
import { Segments } from "./segments.js";

/** The title of a view whose figures are of a period, with the choice of it. */
export function PeriodHead({ title, range }: { readonly title: string; readonly range: HistoryRange }) {
  return (
    <div class="view-head">
      <h1>{title}</h1>
      <Segments
        label="Period"
        options={RANGES}
        value={range}
        onChange={(chosen) => setQuery({ range: chosen })}
      />
    </div>
  );
}
