import type { JSX } from "preact";
import { Link } from "wouter-preact";

import { useAction } from "../actions.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { isOfWorkflows, useLive } from "../live.ts";
import { RetryIcon } from "../ui/icons.tsx";
import { Page, Section } from "../ui/page.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { Status } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";
import { NotFoundPage } from "./not-found.tsx";
import { STEP, StepItem } from "./step.tsx";

const OPEN = ["PENDING", "RUNNING"];
const WORKFLOW_RUN = graphql(
  `
    query WorkflowRun($id: ID!) {
      workflowRun(id: $id) {
        id
        name
        version
        status
        trigger
        reasonText
        dueAt
        finishedAt
        cancelRequestedAt
        inputs
        result
        progress {
          done
          all
        }
        error {
          message
          hint
        }
        steps {
          ...StepItem
        }
      }
    }
  `,
  [STEP],
);
const CANCEL = graphql(`mutation CancelWorkflowRun($id: ID!) { cancelWorkflowRun(input: { id: $id }) { userErrors { message } } }`);
const RESUME = graphql(`mutation ResumeWorkflowRun($id: ID!) { resumeWorkflowRun(input: { id: $id }) { userErrors { message } } }`);
type WorkflowRun = NonNullable<ResultOf<typeof WORKFLOW_RUN>["workflowRun"]>;

export function WorkflowRunPage({ id }: { id: string }): JSX.Element {
  const concerns = (change: Parameters<typeof isOfWorkflows>[0]): boolean =>
    isOfWorkflows(change) && (change.workflowRunId === null || change.workflowRunId === id);
  const { data, error, reread } = useLive(WORKFLOW_RUN, { id }, { concerns });
  const run = data?.workflowRun;
  if (data && !run) return <NotFoundPage />;
  return (
    <Page
      title={run ? `Run of ${run.name}` : "Workflow run"}
      above={<Link href="/workflows">Workflows</Link>}
      actions={run && <Actions run={run} />}
    >
      {error && !run && <ErrorState message={error} retry={reread} />}
      {!error && !run && <LoadingRows count={6} />}
      {run && <Contents run={run} />}
    </Page>
  );
}

function Actions({ run: { id, status, cancelRequestedAt } }: { run: WorkflowRun }): JSX.Element {
  const isOpen = OPEN.includes(status);
  const { run, isBusy, problem } = useAction(isOpen ? CANCEL : RESUME, { id });
  return (
    <>
      <span class="problem" role="alert">
        {problem}
      </span>
      {isOpen && (
        <button type="button" disabled={isBusy || cancelRequestedAt !== null} onClick={() => void run()}>
          {cancelRequestedAt === null ? "Cancel" : "Being cancelled"}
        </button>
      )}
      {status === "FAILED" && (
        <button type="button" class="main" disabled={isBusy} onClick={() => void run()}>
          <RetryIcon />
          Resume from the failed step
        </button>
      )}
    </>
  );
}

function Contents({ run }: { run: WorkflowRun }): JSX.Element {
  const { status, dueAt, finishedAt, version, progress, error, reasonText, steps, inputs, result } = run;
  return (
    <>
      <p class="summary">
        <Status status={status} />
        <span>
          Due <Time at={dueAt} as="moment" />
        </span>
        {finishedAt && (
          <span>
            Ended <Time at={finishedAt} />
          </span>
        )}
        <span>Version {version}</span>
        <progress value={progress.done} max={progress.all} aria-label="Steps that have ended" />
        <span class="faint">
          {progress.done} of {progress.all} steps
        </span>
      </p>
      {error && (
        <div class="notice bad">
          <p>{error.message}</p>
          {error.hint && <p class="hint">{error.hint}</p>}
        </div>
      )}
      {reasonText && <p class="notice">{reasonText}</p>}
      <Section title="Steps">
        <ol class="steps">
          {steps.map((step) => (
            <StepItem key={step.key} step={step} workflowRun={run.id} />
          ))}
        </ol>
      </Section>
      <Section title="Inputs">
        <pre>{JSON.stringify(inputs, null, 2)}</pre>
      </Section>
      {result !== null && (
        <Section title="Result">
          <pre>{JSON.stringify(result, null, 2)}</pre>
        </Section>
      )}
    </>
  );
}
