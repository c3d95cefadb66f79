import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { useFilters } from "../address.ts";
import { graphql, type VariablesOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { Page } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { EmptyState, ErrorState, LoadingRows } from "../ui/states.tsx";
import { statusLook } from "../ui/status.tsx";
import { RUN_ROW, RunsTable } from "./runs-table.tsx";

const PAGE_SIZE = 50;
const STATUSES = ["FAILED", "RETRY", "RUNNING", "QUEUED", "COMPLETED", "SKIPPED", "MISSED", "CANCELLED"] as const;
const RUNS = graphql(
  `
    query Runs($filter: RunFilter, $first: Int!, $after: String) {
      runs(filter: $filter, first: $first, after: $after) {
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...RunRow
        }
      }
    }
  `,
  [RUN_ROW],
);

export function HistoryPage(): JSX.Element {
  const [filters, setFilters] = useFilters();
  const [after, setAfter] = useState<string | null>(null);
  const { data, error, reread } = useLive(RUNS, { filter: readFilter(filters), first: PAGE_SIZE, after });
  const change = (changes: Record<string, string | null>): void => {
    setAfter(null);
    setFilters(changes);
  };
  const runs = data?.runs;
  return (
    <Page title="History">
      <div class="chips" role="group" aria-label="Status">
        {STATUSES.map((status) => {
          const isOn = filters.get("status") === status;
          return (
            <button key={status} type="button" aria-pressed={isOn} onClick={() => change({ status: isOn ? null : status })}>
              {statusLook(status).word}
            </button>
          );
        })}
      </div>
      {error && !runs && <ErrorState message={error} retry={reread} />}
      {!error && !runs && <LoadingRows count={10} />}
      {runs && runs.nodes.length > 0 && (
        <>
          <RunsTable runs={runs.nodes} named />
          <Pager shown={runs.nodes.length} pageInfo={runs.pageInfo} isFirst={after === null} go={setAfter} />
        </>
      )}
      {runs?.nodes.length === 0 && <EmptyState title={filters.size > 0 ? "No run matches" : "Nothing has run yet"} />}
    </Page>
  );
}

function readFilter(filters: URLSearchParams): NonNullable<VariablesOf<typeof RUNS>["filter"]> {
  const status = STATUSES.find((each) => each === filters.get("status"));
  return status ? { status: [status] } : {};
}
