// More of a step of a run: its runs and its result.

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { graphql, type ResultOf } from "../graphql.ts";
import { type Change, isOfWorkflows, useLive } from "../live.ts";
import { RUN_ROW, RunsTable } from "../pages/runs-table.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";

const PAGE_SIZE = 100;
const LONGEST = 20_000;
const DETAILS = graphql(
  `
    query StepDetails($id: ID!, $key: String!, $skip: Int!) {
      workflowRun(id: $id) {
        step(key: $key) {
          round
          error {
            message
            hint
          }
          runs(skip: $skip) {
            ...RunRow
          }
        }
      }
    }
  `,
  [RUN_ROW],
);
const RESULT = graphql(`
  query StepResult($id: ID!, $key: String!) {
    workflowRun(id: $id) {
      step(key: $key) {
        result
      }
    }
  }
`);
type Step = { key: string; status: string; items: { total: number } | null };
type Details = NonNullable<NonNullable<ResultOf<typeof DETAILS>["workflowRun"]>["step"]>;

export function StepDetails({ workflowRun: id, step }: { workflowRun: string; step: Step }): JSX.Element {
  const [skip, setSkip] = useState(0);
  const concerns = (change: Change): boolean => isOfWorkflows(change) && (change.workflowRunId ?? id) === id;
  const { data, error, reread } = useLive(DETAILS, { id, key: step.key, skip }, { concerns });
  const details = data?.workflowRun?.step;
  if (!details) return error ? <ErrorState message={error} retry={reread} /> : <LoadingRows count={1} />;
  const total = step.items?.total ?? 1;
  return (
    <>
      <Runs details={details} />
      {total > PAGE_SIZE && (
        <nav class="pager" aria-label="Items of the step">
          <span class="faint">
            Items {skip + 1} to {Math.min(skip + PAGE_SIZE, total)} of {total}
          </span>
          <button type="button" disabled={skip === 0} onClick={() => setSkip(skip - PAGE_SIZE)}>
            Previous
          </button>
          <button type="button" disabled={skip + PAGE_SIZE >= total} onClick={() => setSkip(skip + PAGE_SIZE)}>
            Next
          </button>
        </nav>
      )}
      {step.status === "COMPLETED" && <Result id={id} step={step.key} />}
    </>
  );
}

function Runs({ details: { runs, error, round } }: { details: Details }): JSX.Element {
  return (
    <>
      {error?.hint && <p class="faint">{error.hint}</p>}
      {round > 0 && <p class="faint">Restarted {round === 1 ? "once" : `${round} times`}.</p>}
      {runs.length > 0 ? <RunsTable runs={runs} /> : <p class="faint">It has no runs.</p>}
    </>
  );
}

function Result({ id, step: key }: { id: string; step: string }): JSX.Element | null {
  const { data, error } = useLive(RESULT, { id, key }, { concerns: () => false });
  if (error) return <p class="faint">{error}</p>;
  const result = data?.workflowRun?.step?.result;
  if (result === undefined || result === null) return null;
  const text = JSON.stringify(result, null, 2);
  return (
    <>
      <h3>Result</h3>
      <pre tabIndex={0}>{text.length > LONGEST ? `${text.slice(0, LONGEST)}\n…` : text}</pre>
    </>
  );
}
