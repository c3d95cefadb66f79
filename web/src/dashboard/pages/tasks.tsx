import type { JSX } from "preact";
import { Link, useLocation } from "wouter-preact";

import { useFilters } from "../address.ts";
import { withoutDeleted } from "../deletions.ts";
import { usePosition, useSearchOn } from "../list-position.ts";
import { useLive } from "../live.ts";
import { PlusIcon } from "../ui/action-icons.tsx";
import { Page } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { SavedViews } from "../ui/saved-views.tsx";
import { SearchField } from "../ui/search-field.tsx";
import { EmptyState, ErrorState, LoadingRows } from "../ui/states.tsx";
import { StatusChips } from "../ui/status-chips.tsx";
import { BulkBar } from "./bulk-bar.tsx";
import { readFilter, readOrder, readStatuses, STATUSES, TASK_COUNTS, TASKS } from "./task-list.ts";
import { useSelection } from "./task-selection.ts";
import { TasksTable } from "./tasks-table.tsx";

const PAGE_SIZE = 50;
const COUNTS_PACE_MS = 1000;

export function TasksPage(): JSX.Element {
  const [filters, setFilters] = useFilters();
  const [filter, orderBy] = [readFilter(filters), readOrder(filters)];
  const key = JSON.stringify([filter, orderBy]);
  const [after, setAfter] = usePosition(key);
  const { data, error, reread } = useLive(TASKS, { filter, orderBy, first: PAGE_SIZE, after });
  const counts = useLive(TASK_COUNTS, {}, { pace: COUNTS_PACE_MS }).data;
  const selection = useSelection(JSON.stringify(filter));
  const tasks = data?.tasks;
  const isSearching = useSearchOn(tasks, setAfter, key);
  const shown = withoutDeleted(tasks?.nodes ?? []);
  const total = tasks && { count: tasks.totalCount - tasks.nodes.length + shown.length, isExact: tasks.totalCountIsExact };
  return (
    <Page title="Tasks" actions={<Actions text={filters.get("text") ?? ""} search={(text) => setFilters({ text })} />}>
      <div class="filters">
        <StatusChips
          statuses={STATUSES}
          chosen={readStatuses(filters)}
          change={(chosen) => setFilters({ status: chosen.join(",") })}
          counts={counts}
        />
        <Tag tag={filters.get("tag")} clear={() => setFilters({ tag: null })} />
      </div>
      <SavedViews />
      {error && !tasks && <ErrorState message={error} retry={reread} />}
      {!error && (!tasks || isSearching) && <LoadingRows count={10} />}
      {tasks && total && shown.length > 0 && (
        <>
          <BulkBar selection={selection} filter={filter} shown={shown.length} total={total} />
          <TasksTable
            tasks={shown}
            selection={selection}
            sort={{ by: filters.get("sort") ?? "", change: (sort) => setFilters({ sort }) }}
            chooseTag={(tag) => setFilters({ tag })}
          />
          <Pager shown={shown.length} total={total} pageInfo={tasks.pageInfo} isFirst={after === null} go={setAfter} />
        </>
      )}
      {tasks && shown.length === 0 && !tasks.pageInfo.hasNextPage && <NoTasks isFiltered={Object.keys(filter).length > 0} />}
      {tasks && shown.length === 0 && tasks.pageInfo.hasNextPage && !isSearching && (
        <EmptyState title="No task matches so far">
          <button type="button" onClick={() => setAfter(tasks.pageInfo.endCursor)}>
            Search on
          </button>
        </EmptyState>
      )}
    </Page>
  );
}

function Actions({ text, search }: { text: string; search: (text: string) => void }): JSX.Element {
  return (
    <>
      <SearchField value={text} label="Search by name or description" change={search} />
      <Link href="/tasks/new" class="button main">
        <PlusIcon />
        New task
      </Link>
    </>
  );
}

function Tag({ tag, clear }: { tag: string | null; clear: () => void }): JSX.Element | null {
  if (!tag) return null;
  return (
    <button type="button" class="tag chosen" aria-label={`Tag ${tag}: show all tags`} onClick={clear}>
      {tag} ✕
    </button>
  );
}

function NoTasks({ isFiltered }: { isFiltered: boolean }): JSX.Element {
  const [path, go] = useLocation();
  if (isFiltered) {
    return (
      <EmptyState title="No task matches">
        <button type="button" onClick={() => go(path)}>
          Show all tasks
        </button>
      </EmptyState>
    );
  }
  return (
    <EmptyState title="There are no tasks yet">
      <p>A task calls a URL when it is due, retries it, and keeps what happened.</p>
      <Link href="/tasks/new" class="button main">
        <PlusIcon />
        New task
      </Link>
    </EmptyState>
  );
}
