import { useEffect, useState } from "preact/hooks";
import type { BansPage } from "../../../api.js";
import { withQuery } from "../../api/paths.js";
import { useQuery } from "../../api/use-query.js";
import { counted, number } from "../../format/numbers.js";
import { Icon } from "../../parts/icon.js";
import { Empty, Failure, Incomplete, Skeleton } from "../../parts/placeholders.js";
import { banChanges } from "../../state/changes.js";
import { route, setQuery } from "../../state/route.js";
import { AddBanDialog } from "./add-ban-dialog.js";
import { BanTable } from "./ban-table.js";
import { ExportMenu } from "./export-menu.js";
import { BanFilter, type Filter } from "./ban-filter.js";
import { Pager } from "../../parts/pager.js";

/** All bans in force, a page at a time. */
export function BansView() {
  const { query } = route.value;
  const filter: Filter = {
    search: query["search"] ?? "",
    reason: query["reason"] ?? "",
    service: query["service"] ?? "",
  };
  const key = JSON.stringify(filter);
  const [pages, setPages] = useState<{ readonly key: string; readonly after: readonly string[] }>({
    key,
    after: [],
  });
  // Another filter begins with its first page.
  const after = pages.key === key ? pages.after : [];
  const [isAdding, setAdding] = useState(false);
  const path = withQuery("api/bans", { ...filter, after: after.at(-1), limit: 50 });
  const { data, error, isLoading, isStale, reload } = useQuery<BansPage>(path, { keep: true, every: 15_000 });
  useEffect(() => {
    if (banChanges.value > 0) reload();
  }, [banChanges.value]);
  const isFiltered = filter.search !== "" || filter.reason !== "" || filter.service !== "";

  return (
    <div class="view">
      <div class="view-head">
        <h1>Bans</h1>
        <p class="count" role="status">
          {data !== undefined &&
            (isFiltered
              ? `${number(data.matched)} of ${counted(data.total, "ban")}`
              : `${counted(data.total, "ban")} in force`)}
        </p>
        <div class="view-actions">
          <ExportMenu filter={filter} />
          <button type="button" class="button primary" onClick={() => setAdding(true)}>
            <Icon name="plus" />
            Add a ban
          </button>
        </div>
      </div>
      {error !== undefined && <Failure error={error} retry={reload} />}
      {data?.problem !== undefined && <Incomplete problem={data.problem} />}
      <section class="panel flush" aria-label="Bans in force">
        <BanFilter
          filter={filter}
          reasons={data?.reasons ?? []}
          services={data?.services ?? []}
          onChange={(next) => setQuery({ ...next })}
        />
        {data === undefined ? (
          error === undefined && <Skeleton lines={8} />
        ) : data.bans.length === 0 ? (
          <NoBans isFiltered={isFiltered} onClear={() => setQuery({})} />
        ) : (
          <div class={isStale ? "stale" : undefined} aria-busy={isLoading && isStale}>
            <BanTable bans={data.bans} />
          </div>
        )}
        <Pager
          page={after.length + 1}
          hasNext={data?.next !== undefined}
          onPrevious={() => setPages({ key, after: after.slice(0, -1) })}
          onNext={() => {
            if (data?.next !== undefined) setPages({ key, after: [...after, data.next] });
          }}
        />
      </section>
      {isAdding && <AddBanDialog onClose={() => setAdding(false)} />}
    </div>
  );
}

function NoBans({ isFiltered, onClear }: { readonly isFiltered: boolean; readonly onClear: () => void }) {
  if (!isFiltered)
    return (
      <Empty title="Nobody is banned" icon="bans">
        Bans of Bad Behavior and those that you add will appear here, the newest first.
      </Empty>
    );
  return (
    <div class="empty">
      <Icon name="search" />
      <p class="empty-title">No ban matches</p>
      <p>
        <button type="button" class="button" onClick={onClear}>
          Show all bans
        </button>
      </p>
    </div>
  );
}
