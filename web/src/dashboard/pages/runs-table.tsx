import type { JSX } from "preact";
import { Link } from "wouter-preact";

import { graphql, type FragmentOf } from "../graphql.ts";
import { formatDuration } from "../format.ts";
import { Status } from "../ui/status.tsx";
import { now, Time } from "../ui/time.tsx";
import { startedBy } from "./run-words.ts";

export const RUN_ROW = graphql(`
  fragment RunRow on Run {
    id
    taskName
    status
    trigger
    dueAt
    startedAt
    finishedAt
    nextAttemptAt
    reasonText
    waitingText
    error {
      message
    }
    attempts {
      number
    }
  }
`);
const GONE = "No longer in this list";
export type RunRow = FragmentOf<typeof RUN_ROW>;

type Props = { runs: RunRow[]; named?: boolean; gone?: string[] };

/** Runs as a table. `named` shows the task of each; those that are `gone` from the list are faint, and it says so. */
export function RunsTable({ runs, named = false, gone = [] }: Props): JSX.Element {
  return (
    <div class="table-frame">
      <table class="runs">
        <thead>
          <tr>
            <th>Status</th>
            {named && <th>Task</th>}
            <th>Due</th>
            <th class="number">Took</th>
            <th class="number">Attempts</th>
            <th class="wide">What happened</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <Row key={run.id} run={run} named={named} isGone={gone.includes(run.id)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A run. One that is gone is not read again, so its time does not run on. */
function Row({ run, named, isGone }: { run: RunRow; named: boolean; isGone: boolean }): JSX.Element {
  return (
    <tr class={isGone ? "gone" : undefined}>
      <td>
        <Link href={`/runs/${run.id}`} class="row-link">
          <Status status={run.status} />
        </Link>
        {isGone && <span class="hidden narrow-only">{GONE}</span>}
      </td>
      {named && <td class="name">{run.taskName}</td>}
      <td class="nowrap">
        <Time at={run.dueAt} as="moment" />
      </td>
      <td class="number">{isGone && run.finishedAt === null ? "–" : took(run)}</td>
      <td class="number">{run.attempts.length || "–"}</td>
      <td class="wide faint">{isGone ? GONE : whatHappened(run)}</td>
    </tr>
  );
}

function took({ startedAt, finishedAt, status }: RunRow): string {
  if (startedAt === null) return "–";
  if (finishedAt === null && status !== "RUNNING") return "–";
  const end = finishedAt === null ? now.value : Date.parse(finishedAt);
  return formatDuration(Math.max(end - Date.parse(startedAt), 0));
}

function whatHappened(run: RunRow): JSX.Element | string | null {
  if (run.status === "RETRY" && run.nextAttemptAt) {
    return (
      <>
        {run.error?.message} Next attempt <Time at={run.nextAttemptAt} />.
      </>
    );
  }
  return run.error?.message ?? run.reasonText ?? run.waitingText ?? (startedBy(run.trigger) || null);
}
