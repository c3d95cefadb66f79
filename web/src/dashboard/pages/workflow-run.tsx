import "../styles/workflows.css";

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Link } from "wouter-preact";

import { useAction } from "../actions.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { isOfWorkflows, useLive } from "../live.ts";
import { RetryIcon } from "../ui/icons.tsx";
import { Page, Section } from "../ui/page.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { Status } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";
import { readInputs, readSteps } from "../workflows/definition.ts";
import { Graph, type StepState } from "../workflows/graph.tsx";
import { RunForm } from "../workflows/run-form.tsx";
import { tookOf } from "../workflows/runs.tsx";
import { useSelectedStep } from "../workflows/step-address.ts";
import { NotFoundPage } from "./not-found.tsx";
import { Approval, Scale, STEP, type Step, StepItem, timeSpan } from "./step.tsx";

const OPEN = ["PENDING", "RUNNING"];
const ENDED_BADLY = ["FAILED", "CANCELLED"];
const WORKFLOW_RUN = graphql(
  `
    query WorkflowRun($id: ID!) {
      workflowRun(id: $id) {
        id
        name
        version
        status
        trigger
        reason
        reasonText
        dueAt
        startedAt
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
        workflow {
          id
        }
        savedVersion {
          number
          definition
        }
        steps {
          ...StepItem
        }
      }
    }
  `,
  [STEP],
);
const CANCEL = graphql(`
  mutation CancelWorkflowRun($id: ID!) {
    cancelWorkflowRun(input: { id: $id }) {
      userErrors {
        message
      }
    }
  }
`);
const RESUME = graphql(`
  mutation ResumeWorkflowRun($id: ID!, $input: JSON) {
    resumeWorkflowRun(input: { id: $id, input: $input }) {
      workflowRun {
        id
      }
      userErrors {
        field
        message
      }
    }
  }
`);
type WorkflowRun = NonNullable<ResultOf<typeof WORKFLOW_RUN>["workflowRun"]>;

export function WorkflowRunPage({ id }: { id: string }): JSX.Element {
  const concerns = (change: Parameters<typeof isOfWorkflows>[0]): boolean =>
    isOfWorkflows(change) && (change.workflowRunId === null || change.workflowRunId === id);
  const { data, error, reread } = useLive(WORKFLOW_RUN, { id }, { concerns });
  const [isResuming, setIsResuming] = useState(false);
  const run = data?.workflowRun;
  if (data && !run) return <NotFoundPage />;
  return (
    <Page
      title={run ? `Run of ${run.name}` : "Workflow run"}
      above={<Above run={run} />}
      actions={run && <Actions run={run} resumeWith={() => setIsResuming(true)} />}
    >
      {error && !run && <ErrorState message={error} retry={reread} />}
      {!error && !run && <LoadingRows count={6} />}
      {run && isResuming && <Resume run={run} close={() => setIsResuming(false)} />}
      {run && <Contents run={run} />}
    </Page>
  );
}

function Above({ run }: { run: WorkflowRun | null | undefined }): JSX.Element {
  return (
    <>
      <Link href="/workflows">Workflows</Link>
      {run && <> / {run.workflow ? <Link href={`/workflows/${run.workflow.id}`}>{run.name}</Link> : run.name}</>}
    </>
  );
}

function Actions({ run: workflowRun, resumeWith }: { run: WorkflowRun; resumeWith: () => void }): JSX.Element {
  const { id, status, reason, cancelRequestedAt, savedVersion } = workflowRun;
  const isOpen = OPEN.includes(status);
  const cancel = useAction(CANCEL, { id });
  const resume = useAction(RESUME, { id });
  const canResume = ENDED_BADLY.includes(status) && reason !== "COMPENSATED";
  return (
    <>
      <span class="problem" role="alert">
        {cancel.problem || resume.problem}
      </span>
      {isOpen && (
        <button type="button" disabled={cancel.isBusy || cancelRequestedAt !== null} onClick={() => void cancel.run()}>
          {cancelRequestedAt === null ? "Cancel" : "Being cancelled"}
        </button>
      )}
      {canResume && readInputs(savedVersion?.definition).length > 0 && (
        <button type="button" onClick={resumeWith}>
          Resume with other inputs
        </button>
      )}
      {canResume && (
        <button type="button" class="main" disabled={resume.isBusy} onClick={() => void resume.run()}>
          <RetryIcon />
          {status === "FAILED" ? "Resume from the failed step" : "Resume"}
        </button>
      )}
    </>
  );
}

function Resume({ run, close }: { run: WorkflowRun; close: () => void }): JSX.Element {
  const given = run.inputs as Record<string, unknown>;
  return (
    <RunForm
      title="Resume with other inputs"
      verb="Resume"
      specs={readInputs(run.savedVersion?.definition)}
      given={given}
      mutation={RESUME}
      variables={{ id: run.id }}
      done={close}
      close={close}
    />
  );
}

function Contents({ run }: { run: WorkflowRun }): JSX.Element {
  const { id, error, reasonText, steps, inputs, result, savedVersion } = run;
  const selected = useSelectedStep();
  const waiting = steps.filter(({ status, approval }) => approval && status === "WAITING");
  const span = timeSpan(steps);
  return (
    <>
      <Summary run={run} />
      {error && (
        <div class="notice bad">
          <p>{error.message}</p>
          {error.hint && <p class="hint">{error.hint}</p>}
        </div>
      )}
      {!error && reasonText && <p class="notice">{reasonText}</p>}
      {waiting.map((step) => step.approval && <Approval key={step.key} approval={step.approval} id={id} step={step.key} isOpen />)}
      {savedVersion && (
        <Section title="Graph">
          <Graph steps={readSteps(savedVersion.definition)} states={statesOf(steps)} selected={selected} />
        </Section>
      )}
      <Section title="Steps">
        <ol class="steps">
          {span && <Scale span={span} />}
          {steps.map((step) => (
            <StepItem key={step.key} step={step} workflowRun={id} span={span} isOpen={step.key === selected} />
          ))}
        </ol>
      </Section>
      <div class="side-by-side">
        <Section title="Inputs">
          <Json value={inputs} />
        </Section>
        {result !== null && (
          <Section title="Result">
            <Json value={result} />
          </Section>
        )}
      </div>
    </>
  );
}

function Summary({ run }: { run: WorkflowRun }): JSX.Element {
  const { status, dueAt, startedAt, version, progress, trigger } = run;
  return (
    <>
      <p class="summary">
        <span aria-live="polite">
          <Status status={status} />
        </span>
        <span>
          {trigger === "SCHEDULE" ? "Due" : "Started"} <Time at={dueAt} as="moment" />
        </span>
        {startedAt && (
          <span>
            {run.finishedAt ? "Took" : "For"} {tookOf(run)}
          </span>
        )}
        <span class="faint">Version {version}</span>
      </p>
      <div class="run-progress">
        <progress value={progress.done} max={progress.all} aria-label="Steps that have ended" />
        <span>
          {progress.done} of {progress.all} steps
        </span>
      </div>
    </>
  );
}

function statesOf(steps: Step[]): Map<string, StepState> {
  return new Map(
    steps.map(({ key, status, items }) => [key, { status, ...(items && { count: `${items.completed} of ${items.total}` }) }]),
  );
}

function Json({ value }: { value: unknown }): JSX.Element {
  return <pre>{JSON.stringify(value, null, 2)}</pre>;
}
