import { withQuery } from "../../api/paths.js";
import { Icon } from "../../parts/icon.js";
import type { Filter } from "./ban-filter.js";

const FORMATS = [
  { format: "json", text: "JSON" },
  { format: "csv", text: "CSV" },
  { format: "text", text: "Plain list" },
];

/** Links to all bans that match the filter, as files. */
export function ExportMenu({ filter }: { readonly filter: Filter }) {
  return (
    <details class="menu">
      <summary class="button">
        <Icon name="download" />
        Export
      </summary>
      <ul>
        {FORMATS.map(({ format, text }) => (
          <li key={format}>
            <a href={withQuery("api/bans/export", { format, ...filter })} download>
              {text}
            </a>
          </li>
        ))}
      </ul>
    </details>
  );
}
