// The list of runs: its query, and what the address says of it.

import { readDay, startOfDay } from "../days.ts";
import { graphql, type ResultOf, type VariablesOf } from "../graphql.ts";
import { RUN_ROW } from "./runs-table.tsx";
import { ERROR_WORDS, TRIGGER_WORDS } from "./run-words.ts";

export const RUNS = graphql(
  `
    query Runs($filter: RunFilter, $first: Int!, $after: String) {
      runs(filter: $filter, first: $first, after: $after) {
        totalCount
        totalCountIsExact
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
export const EXPORTED = graphql(`
  query ExportedRuns($filter: RunFilter, $after: String) {
    runs(filter: $filter, first: 100, after: $after) {
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        taskName
        status
        trigger
        dueAt
        startedAt
        finishedAt
        reasonText
        queue
        error {
          kind
          message
        }
        attempts {
          statusCode
        }
      }
    }
  }
`);
export type ExportedRun = ResultOf<typeof EXPORTED>["runs"]["nodes"][number];
export type RunFilter = NonNullable<VariablesOf<typeof RUNS>["filter"]>;
export type ErrorKind = keyof typeof ERROR_WORDS;
export type Trigger = keyof typeof TRIGGER_WORDS;

export const STATUSES = ["FAILED", "RETRY", "RUNNING", "QUEUED", "WAITING", "COMPLETED", "SKIPPED", "MISSED", "CANCELLED"] as const;
export const ERROR_KINDS = Object.keys(ERROR_WORDS) as ErrorKind[];
export const TRIGGERS = Object.keys(TRIGGER_WORDS) as Trigger[];

/** Returns the statuses that the address names. */
export function readStatuses(filters: URLSearchParams): (typeof STATUSES)[number][] {
  const named = filters.get("status")?.split(",") ?? [];
  return STATUSES.filter((each) => named.includes(each));
}

/** Returns the filter that the address describes. Days are those of the user's time zone. */
export function readFilter(filters: URLSearchParams): RunFilter {
  const status = readStatuses(filters);
  const trigger = TRIGGERS.find((each) => each === filters.get("trigger"));
  const errorKind = ERROR_KINDS.find((each) => each === filters.get("error"));
  const [taskId, taskName] = [filters.get("task"), filters.get("name")];
  const { since, until } = readPeriod(filters);
  const from = since ?? startOfDay(readDay(filters, "from"));
  const to = until ?? startOfDay(readDay(filters, "to"), 1);
  return {
    ...(status.length > 0 && { status }),
    ...(trigger && { trigger }),
    ...(errorKind && { errorKind: [errorKind] }),
    ...(taskId && { taskId }),
    ...(taskName && { taskName }),
    ...((from || to) && { dueAt: { from, to } }),
  };
}

/** Returns the exact period that the address names, such as that of a bar of a chart; an end that is missing is null. */
export function readPeriod(filters: URLSearchParams): { since: string | null; until: string | null } {
  return { since: readInstant(filters.get("since")), until: readInstant(filters.get("until")) };
}

function readInstant(text: string | null): string | null {
  const moment = new Date(text ?? "");
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}

/** Returns the address of the runs that were due in a period. */
export function addressOfPeriod(from: number, to: number, taskId?: string): string {
  const filters = new URLSearchParams({ since: new Date(from).toISOString(), until: new Date(to).toISOString() });
  if (taskId) filters.set("task", taskId);
  return `/runs?${filters.toString()}`;
}
