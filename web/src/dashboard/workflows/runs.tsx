// The runs of a workflow, or of all.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";

import { formatDuration } from "../format.ts";
import { graphql, type FragmentOf } from "../graphql.ts";
import { isOfWorkflows, useLive } from "../live.ts";
import { startedBy } from "../pages/run-words.ts";
import { Pager } from "../ui/pager.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { Status } from "../ui/status.tsx";
import { now, Time } from "../ui/time.tsx";

const PAGE_SIZE = 20;
const ROW = graphql(`
  fragment WorkflowRunRow on WorkflowRun {
    id
    name
    version
    status
    trigger
    dueAt
    startedAt
    finishedAt
    reasonText
    progress {
      done
      all
    }
    error {
      message
    }
  }
`);
const RUNS = graphql(
  `
    query WorkflowRuns($filter: WorkflowRunFilter, $first: Int!, $after: String) {
      workflowRuns(filter: $filter, first: $first, after: $after) {
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          ...WorkflowRunRow
        }
      }
    }
  `,
  [ROW],
);
type Row = FragmentOf<typeof ROW>;

/** Runs of the workflow with this name, or of all, the latest first. */
export function WorkflowRuns({ name }: { name?: string }): JSX.Element {
  const [after, setAfter] = useState<string | null>(null);
  const filter = name === undefined ? null : { name };
  const { data, error, reread } = useLive(RUNS, { filter, first: PAGE_SIZE, after }, { concerns: isOfWorkflows });
  const runs = data?.workflowRuns;
  if (!runs) return error ? <ErrorState message={error} retry={reread} /> : <LoadingRows count={3} />;
  if (runs.nodes.length === 0) return <p class="faint">{name ? "It has not run yet." : "Nothing has run yet."}</p>;
  return (
    <>
      <WorkflowRunsTable runs={runs.nodes} named={name === undefined} />
      {(runs.pageInfo.hasNextPage || after !== null) && (
        <Pager shown={runs.nodes.length} pageInfo={runs.pageInfo} isFirst={after === null} go={setAfter} />
      )}
    </>
  );
}

function WorkflowRunsTable({ runs, named }: { runs: Row[]; named: boolean }): JSX.Element {
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            <th>Status</th>
            {named && <th>Workflow</th>}
            <th>Due</th>
            <th class="number wide-only">Took</th>
            <th class="number">Steps</th>
            <th class="number wide-only">Version</th>
            <th class="wide">What happened</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id}>
              <td>
                <Link href={`/workflow-runs/${run.id}`} class="row-link">
                  <Status status={run.status} />
                </Link>
              </td>
              {named && <td class="name">{run.name}</td>}
              <td class="nowrap">
                <Time at={run.dueAt} as="moment" />
              </td>
              <td class="number wide-only">{tookOf(run)}</td>
              <td class="number">
                {run.progress.done} of {run.progress.all}
              </td>
              <td class="number wide-only">{run.version}</td>
              <td class="wide faint">{run.error?.message ?? run.reasonText ?? startedBy(run.trigger)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Returns how long something has taken, so far if it has not ended. */
export function tookOf({ startedAt, finishedAt }: { startedAt: string | null; finishedAt: string | null }): string {
  if (startedAt === null) return "–";
  const end = finishedAt === null ? now.value : Date.parse(finishedAt);
  return formatDuration(Math.max(end - Date.parse(startedAt), 0));
}
