// One thing done to many tasks: a hundred in each call, with progress, until it is stopped.

import { signal } from "@preact/signals";
import type { Client, DocumentInput, OperationResult } from "@urql/core";

import { readOnce } from "../client.ts";
import { deleteLater } from "../deletions.ts";
import { formatCount } from "../format.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { showToast } from "../ui/toast.tsx";
import type { TaskFilter } from "./task-list.ts";

const SIZE = 100;
/** So many can be deleted by a page that is left. */
const MOST_UNDONE = 500;
const RESULTS = graphql(`
  fragment BulkResult on TaskChangeResult {
    taskId
    run {
      id
    }
    userErrors {
      message
    }
  }
`);
const PAUSE = graphql(
  `mutation PauseTasks($ids: [ID!]!) { change: pauseTasks(input: { ids: $ids }) { results { ...BulkResult } userErrors { message } } }`,
  [RESULTS],
);
const RESUME = graphql(
  `mutation ResumeTasks($ids: [ID!]!) { change: resumeTasks(input: { ids: $ids }) { results { ...BulkResult } userErrors { message } } }`,
  [RESULTS],
);
const RUN = graphql(
  `mutation RunTasks($ids: [ID!]!) { change: runTasks(input: { ids: $ids }) { results { ...BulkResult } userErrors { message } } }`,
  [RESULTS],
);
const DELETE = graphql(
  `mutation DeleteTasks($ids: [ID!]!) { change: deleteTasks(input: { ids: $ids }) { results { ...BulkResult } userErrors { message } } }`,
  [RESULTS],
);
const IDS = graphql(`
  query TaskIds($filter: TaskFilter, $after: String) {
    tasks(filter: $filter, first: 100, after: $after) {
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
      }
    }
  }
`);
const CANCEL = graphql(`mutation CancelRunOf($id: ID!) { cancelRun(input: { id: $id }) { userErrors { message } } }`);

type Result = { taskId: string; run: { id: string } | null; userErrors: { message: string }[] };
type Answer = { change: { results: Result[]; userErrors: { message: string }[] } };
export type BulkAction = "pause" | "resume" | "run" | "delete";
type Kind = { mutation: DocumentInput<Answer, { ids: string[] }>; doing: string; done: string; undo?: BulkAction };
const KINDS: Record<BulkAction, Kind> = {
  pause: { mutation: PAUSE, doing: "Pausing", done: "paused", undo: "resume" },
  resume: { mutation: RESUME, doing: "Resuming", done: "resumed", undo: "pause" },
  run: { mutation: RUN, doing: "Starting", done: "started" },
  delete: { mutation: DELETE, doing: "Deleting", done: "deleted" },
};

export type Progress = { text: string; done: number; all: number | null; stop: () => void };
/** What is being done now; null if nothing is. */
export const progress = signal<Progress | null>(null);

type Ids = { ids: readonly string[] } | { filter: TaskFilter };
type Done = { changed: string[]; runs: string[]; refusals: string[] };

/** Does one thing to these tasks, or to all that match a filter, and tells when it has ended. */
export async function changeTasks(client: Client, action: BulkAction, which: Ids): Promise<void> {
  const kind = KINDS[action];
  let all = "ids" in which ? which.ids.length : null;
  const done: Done = { changed: [], runs: [], refusals: [] };
  let isStopped = false;
  const tell = (): void => {
    progress.value = { text: kind.doing, done: done.changed.length + done.refusals.length, all, stop: () => (isStopped = true) };
  };
  tell();
  try {
    const ids = "ids" in which ? which.ids : await findIds(which.filter);
    all = ids.length;
    for (let start = 0; start < all && !isStopped; start += SIZE) {
      await changePart(client, kind, ids.slice(start, start + SIZE), done);
      tell();
    }
    tellEnd(client, kind, done, isStopped);
  } catch (error) {
    showToast(`${formatCount(done.changed.length)} ${kind.done}, then it failed: ${String(error)}`, { isProblem: true });
  } finally {
    progress.value = null;
  }
}

/** Tells whether the deletion of so many tasks can be undone. */
export function canUndoDeletion(count: number, isExact = true): boolean {
  return isExact && count <= MOST_UNDONE;
}

/** Deletes tasks: a few so that it can be undone, many at once. */
export async function deleteTasks(client: Client, which: Ids): Promise<void> {
  try {
    const ids = "ids" in which ? which.ids : await findIds(which.filter);
    if (!canUndoDeletion(ids.length)) return await changeTasks(client, "delete", { ids });
    const calls = Array.from({ length: Math.ceil(ids.length / SIZE) }, (_, part) => ({ ids: ids.slice(part * SIZE, (part + 1) * SIZE) }));
    const text = ids.length === 1 ? "1 task is deleted." : `${formatCount(ids.length)} tasks are deleted.`;
    deleteLater(client, DELETE, { ids, text, calls });
  } catch (error) {
    showToast(`Nothing was deleted: ${String(error)}`, { isProblem: true });
  }
}

/** Returns the IDs of all tasks that match. They are looked up before, because what is done may change what matches. */
async function findIds(filter: TaskFilter): Promise<string[]> {
  const ids: string[] = [];
  let after: string | null = null;
  for (;;) {
    const { data, error }: OperationResult<ResultOf<typeof IDS>> = await readOnce(IDS, { filter, after });
    if (!data) throw new Error(error?.graphQLErrors[0]?.message ?? "The server cannot be reached.");
    ids.push(...data.tasks.nodes.map(({ id }) => id));
    if (!data.tasks.pageInfo.hasNextPage) return ids;
    after = data.tasks.pageInfo.endCursor;
  }
}

async function changePart(client: Client, { mutation }: Kind, ids: string[], done: Done): Promise<void> {
  const { data, error } = await client.mutation(mutation, { ids }).toPromise();
  const refused = data?.change.userErrors[0]?.message;
  if (!data || refused) throw new Error(refused ?? error?.graphQLErrors[0]?.message ?? "The server cannot be reached.");
  for (const { taskId, run, userErrors } of data.change.results) {
    if (userErrors[0]) done.refusals.push(userErrors[0].message);
    else done.changed.push(taskId);
    if (run) done.runs.push(run.id);
  }
}

function tellEnd(client: Client, { done: word, undo }: Kind, { changed, runs, refusals }: Done, isStopped: boolean): void {
  const count = `${formatCount(changed.length)} ${changed.length === 1 ? "task" : "tasks"} ${word}`;
  const failed = refusals.length > 0 ? `, ${formatCount(refusals.length)} refused: ${refusals[0] ?? ""}` : "";
  const back = undo ? () => changeTasks(client, undo, { ids: changed }) : runs.length > 0 ? () => cancelRuns(client, runs) : undefined;
  showToast(`${count}${failed}${isStopped ? ". Stopped." : ""}`, {
    isProblem: changed.length === 0 && refusals.length > 0,
    ...(back && changed.length > 0 && { undo: back }),
  });
}

async function cancelRuns(client: Client, runs: readonly string[]): Promise<void> {
  for (const id of runs) await client.mutation(CANCEL, { id }).toPromise();
  showToast(runs.length === 1 ? "The run was cancelled, unless it had ended." : "The runs were cancelled, unless they had ended.");
}
