import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { useFilters } from "../address.ts";
import { graphql, type VariablesOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { Page } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { EmptyState, ErrorState, LoadingRows } from "../ui/states.tsx";
import { statusLook } from "../ui/status.tsx";
import { TASK_ROW, TasksTable } from "./tasks-table.tsx";

const PAGE_SIZE = 50;
const STATUSES = ["FAILED", "RETRY", "RUNNING", "PENDING", "COMPLETED", "PAUSED", "CANCELLED"] as const;
const TASKS = graphql(
  `
    query Tasks($filter: TaskFilter, $first: Int!, $after: String) {
      tasks(filter: $filter, first: $first, after: $after) {
        totalCount
        totalCountIsExact
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...TaskRow
        }
      }
    }
  `,
  [TASK_ROW],
);

export function TasksPage(): JSX.Element {
  const [filters, setFilters] = useFilters();
  const [after, setAfter] = useState<string | null>(null);
  const filter = readFilter(filters);
  const { data, error, reread } = useLive(TASKS, { filter, first: PAGE_SIZE, after });
  const change = (changes: Record<string, string | null>): void => {
    setAfter(null);
    setFilters(changes);
  };
  const tasks = data?.tasks;
  return (
    <Page title="Tasks" actions={<SearchField value={filters.get("name") ?? ""} change={(name) => change({ name })} />}>
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
      {error && !tasks && <ErrorState message={error} retry={reread} />}
      {!error && !tasks && <LoadingRows count={10} />}
      {tasks && tasks.nodes.length > 0 && (
        <>
          <TasksTable tasks={tasks.nodes} />
          <Pager
            shown={tasks.nodes.length}
            total={{ count: tasks.totalCount, isExact: tasks.totalCountIsExact }}
            pageInfo={tasks.pageInfo}
            isFirst={after === null}
            go={setAfter}
          />
        </>
      )}
      {tasks?.nodes.length === 0 && <EmptyState title={filters.size > 0 ? "No task matches" : "There are no tasks yet"} />}
    </Page>
  );
}

function readFilter(filters: URLSearchParams): NonNullable<VariablesOf<typeof TASKS>["filter"]> {
  const status = STATUSES.find((each) => each === filters.get("status"));
  const name = filters.get("name");
  return { ...(status && { status: [status] }), ...(name && { name }) };
}

const TYPING_MS = 250;

function SearchField({ value, change }: { value: string; change: (text: string) => void }): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => {
    const focus = (event: KeyboardEvent): void => {
      if (event.key !== "/" || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);
  const typed = (event: Event): void => {
    const text = (event.currentTarget as HTMLInputElement).value;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => change(text.trim()), TYPING_MS);
  };
  return (
    <input
      ref={field}
      class="search"
      type="search"
      placeholder="Search by name"
      aria-label="Search tasks by name"
      aria-keyshortcuts="/"
      defaultValue={value}
      onInput={typed}
    />
  );
}
