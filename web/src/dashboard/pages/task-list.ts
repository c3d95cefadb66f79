// The list of tasks: its query, and what the address says of it.

import { graphql, type ResultOf, type VariablesOf } from "../graphql.ts";

export const TASK_ROW = graphql(`
  fragment TaskRow on Task {
    id
    name
    description
    tags
    status
    nextRunAt
    consecutiveFailures
    schedule {
      summary
      description
      ... on OnceSchedule {
        at
      }
    }
    lastRun {
      id
      status
      finishedAt
      dueAt
    }
    recentOutcomes {
      runId
      status
      dueAt
      durationMs
    }
  }
`);
export const TASKS = graphql(
  `
    query Tasks($filter: TaskFilter, $orderBy: TaskOrder, $first: Int!, $after: String) {
      tasks(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
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
export type TaskRow = ResultOf<typeof TASK_ROW>;
type Variables = VariablesOf<typeof TASKS>;
export type TaskFilter = NonNullable<Variables["filter"]>;
export type TaskOrder = NonNullable<Variables["orderBy"]>;

export const STATUSES = ["FAILED", "RETRY", "RUNNING", "PENDING", "COMPLETED", "PAUSED", "CANCELLED"] as const;
/** How many tasks have each status, by its name in small letters. */
export const TASK_COUNTS = graphql(`
  query TaskCounts {
    failed: tasks(filter: { status: [FAILED] }) {
      ...Count
    }
    retry: tasks(filter: { status: [RETRY] }) {
      ...Count
    }
    running: tasks(filter: { status: [RUNNING] }) {
      ...Count
    }
    pending: tasks(filter: { status: [PENDING] }) {
      ...Count
    }
    completed: tasks(filter: { status: [COMPLETED] }) {
      ...Count
    }
    paused: tasks(filter: { status: [PAUSED] }) {
      ...Count
    }
    cancelled: tasks(filter: { status: [CANCELLED] }) {
      ...Count
    }
  }
  fragment Count on TaskConnection {
    totalCount
    totalCountIsExact
  }
`);
const SORTS = new Map<string, TaskOrder>([
  ["name", { field: "NAME", direction: "ASC" }],
  ["-name", { field: "NAME", direction: "DESC" }],
  ["due", { field: "NEXT_RUN_AT", direction: "ASC" }],
  ["-due", { field: "NEXT_RUN_AT", direction: "DESC" }],
  ["created", { field: "CREATED_AT", direction: "ASC" }],
]);
const NEWEST: TaskOrder = { field: "CREATED_AT", direction: "DESC" };

/** Returns the statuses that the address names. */
export function readStatuses(filters: URLSearchParams): (typeof STATUSES)[number][] {
  const named = filters.get("status")?.split(",") ?? [];
  return STATUSES.filter((each) => named.includes(each));
}

/** Returns the filter that the address describes. */
export function readFilter(filters: URLSearchParams): TaskFilter {
  const status = readStatuses(filters);
  const text = filters.get("text");
  const tags = filters.getAll("tag");
  return { ...(status.length > 0 && { status }), ...(text && { text }), ...(tags.length > 0 && { tags }) };
}

/** Returns the order that the address describes: newest first without one. */
export function readOrder(filters: URLSearchParams): TaskOrder {
  return SORTS.get(filters.get("sort") ?? "") ?? NEWEST;
}
