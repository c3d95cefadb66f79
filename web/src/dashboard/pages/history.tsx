import "../styles/history.css";

import type { JSX } from "preact";

import { useFilters } from "../address.ts";
import { formatCount } from "../format.ts";
import { usePosition, useSearchOn } from "../list-position.ts";
import { useLive } from "../live.ts";
import { DownloadIcon } from "../ui/action-icons.tsx";
import { Page } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { SavedViews } from "../ui/saved-views.tsx";
import { SearchField } from "../ui/search-field.tsx";
import { EmptyState, ErrorState, LoadingRows } from "../ui/states.tsx";
import { exporting, exportRuns } from "./history-export.ts";
import { HistoryFilters } from "./history-filters.tsx";
import { readFilter, type RunFilter, RUNS } from "./history-list.ts";
import { LiveRunsTable } from "./live-runs-table.tsx";

const PAGE_SIZE = 50;

export function HistoryPage(): JSX.Element {
  const [filters, setFilters] = useFilters();
  const filter = readFilter(filters);
  const key = JSON.stringify(filter);
  const [after, setAfter] = usePosition(key);
  const { data, dataKey, error, reread } = useLive(RUNS, { filter, first: PAGE_SIZE, after });
  const runs = data?.runs;
  const isSearching = useSearchOn(runs, setAfter, key);
  return (
    <Page title="History" actions={<Actions filter={filter} name={filters.get("name") ?? ""} search={(name) => setFilters({ name })} />}>
      <HistoryFilters filters={filters} change={setFilters} />
      <SavedViews />
      {error && !runs && <ErrorState message={error} retry={reread} />}
      {!error && (!runs || isSearching) && <LoadingRows count={10} />}
      {runs && runs.nodes.length > 0 && (
        <>
          <LiveRunsTable list={dataKey} runs={runs.nodes} named />
          <Pager
            shown={runs.nodes.length}
            total={{ count: runs.totalCount, isExact: runs.totalCountIsExact }}
            pageInfo={runs.pageInfo}
            isFirst={after === null}
            go={setAfter}
          />
        </>
      )}
      {runs?.nodes.length === 0 && !isSearching && (
        <EmptyState title={emptyTitle(Object.keys(filter).length > 0, runs.pageInfo.hasNextPage)}>
          {runs.pageInfo.hasNextPage && (
            <button type="button" onClick={() => setAfter(runs.pageInfo.endCursor)}>
              Search on in older runs
            </button>
          )}
        </EmptyState>
      )}
    </Page>
  );
}

function emptyTitle(isFiltered: boolean, hasMore: boolean): string {
  if (!isFiltered) return "Nothing has run yet";
  return hasMore ? "No run matches so far" : "No run matches";
}

type ActionsProps = { filter: RunFilter; name: string; search: (name: string) => void };

function Actions({ filter, name, search }: ActionsProps): JSX.Element {
  const state = exporting.value;
  return (
    <>
      <SearchField value={name} label="Search by name of the task" change={search} />
      {state === null ? (
        <button type="button" onClick={() => void exportRuns(filter)}>
          <DownloadIcon />
          Export as CSV
        </button>
      ) : (
        <button type="button" onClick={state.stop}>
          Stop the export at {formatCount(state.rows)}
        </button>
      )}
    </>
  );
}
