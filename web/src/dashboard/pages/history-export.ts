// The runs of a filter as a CSV file, read page by page, with progress, until it is stopped.

import { signal } from "@preact/signals";
import type { OperationResult } from "@urql/core";

import { readOnce } from "../client.ts";
import { type Cell, toCsvRow } from "../csv.ts";
import { formatCount } from "../format.ts";
import type { ResultOf } from "../graphql.ts";
import { showToast } from "../ui/toast.tsx";
import { EXPORTED, type ExportedRun, type RunFilter } from "./history-list.ts";

const MAX_ROWS = 200_000;
const COLUMNS: [string, (run: ExportedRun) => Cell][] = [
  ["task", ({ taskName }) => taskName],
  ["status", ({ status }) => status],
  ["trigger", ({ trigger }) => trigger],
  ["due_at", ({ dueAt }) => dueAt],
  ["started_at", ({ startedAt }) => startedAt],
  ["finished_at", ({ finishedAt }) => finishedAt],
  ["duration_ms", ({ startedAt, finishedAt }) => (startedAt && finishedAt ? Date.parse(finishedAt) - Date.parse(startedAt) : null)],
  ["attempts", ({ attempts }) => attempts.length],
  ["status_code", ({ attempts }) => attempts.at(-1)?.statusCode ?? null],
  ["error_kind", ({ error }) => error?.kind ?? null],
  ["error", ({ error }) => error?.message ?? null],
  ["reason", ({ reasonText }) => reasonText],
  ["queue", ({ queue }) => queue],
  ["run_id", ({ id }) => id],
];

export type ExportProgress = { rows: number; stop: () => void };
/** How many runs have been read; null if nothing is exported. */
export const exporting = signal<ExportProgress | null>(null);

/** Exports the runs that match. What was read until it is stopped is saved too. */
export async function exportRuns(filter: RunFilter): Promise<void> {
  const parts: string[] = [toCsvRow(COLUMNS.map(([name]) => name))];
  let [rows, isStopped] = [0, false];
  const tell = (): void => void (exporting.value = { rows, stop: () => (isStopped = true) });
  tell();
  try {
    for await (const runs of pages(filter)) {
      parts.push(runs.map((run) => toCsvRow(COLUMNS.map(([, read]) => read(run)))).join(""));
      rows += runs.length;
      tell();
      if (isStopped || rows >= MAX_ROWS) break;
    }
    save(parts);
    const cut = rows >= MAX_ROWS ? " That is the most in one file: choose a shorter period for the rest." : "";
    showToast(`${formatCount(rows)} ${rows === 1 ? "run" : "runs"} exported${isStopped ? ", then stopped" : ""}.${cut}`);
  } catch (error) {
    showToast(`The export failed after ${formatCount(rows)} runs: ${error instanceof Error ? error.message : String(error)}`, { isProblem: true });
  } finally {
    exporting.value = null;
  }
}

async function* pages(filter: RunFilter): AsyncGenerator<ExportedRun[]> {
  let after: string | null = null;
  for (;;) {
    const { data, error }: OperationResult<ResultOf<typeof EXPORTED>> = await readOnce(EXPORTED, { filter, after });
    if (!data) throw new Error(error?.graphQLErrors[0]?.message ?? "The server cannot be reached.");
    yield data.runs.nodes;
    if (!data.runs.pageInfo.hasNextPage) return;
    after = data.runs.pageInfo.endCursor;
  }
}

/** Lets the browser save the parts as one file. The mark at its start tells spreadsheets that it is UTF-8. */
function save(parts: readonly string[]): void {
  const address = URL.createObjectURL(new Blob(["\ufeff", ...parts], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `tocsin-runs-${new Date().toISOString().slice(0, 10)}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
