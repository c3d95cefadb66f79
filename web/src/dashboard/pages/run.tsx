import "../styles/run.css";

import type { ComponentChildren, JSX } from "preact";
import { Link } from "wouter-preact";

import { useAction } from "../actions.ts";
import { formatDuration } from "../format.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { RetryIcon } from "../ui/icons.tsx";
import { Page, Section } from "../ui/page.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { Status } from "../ui/status.tsx";
import { now, Time } from "../ui/time.tsx";
import { ATTEMPT, AttemptDetails } from "./attempt.tsx";
import { NotFoundPage } from "./not-found.tsx";
import { TRIGGER_WORDS } from "./run-words.ts";

const OPEN = ["QUEUED", "RUNNING", "RETRY", "WAITING"];
const RUN = graphql(
  `
    query Run($id: ID!) {
      run(id: $id) {
        id
        taskName
        taskVersion
        status
        trigger
        dueAt
        createdAt
        startedAt
        finishedAt
        nextAttemptAt
        callbackExpectedBy
        reasonText
        waitingText
        cancelRequestedAt
        missedUntil
        missedCount
        discardedAt
        priority
        stepKey
        result
        assignedQueue {
          name
          paused
        }
        workflowRun {
          id
          name
        }
        task {
          id
          version
          job {
            ... on HttpJob {
              jsonBody: body
              bodyText
            }
          }
        }
        error {
          kind
          message
          hint
        }
        replays {
          at
        }
        attempts {
          ...AttemptDetails
        }
      }
    }
  `,
  [ATTEMPT],
);
const RETRY = graphql(`mutation RetryRun($id: ID!) { retryRun(input: { id: $id }) { userErrors { message } } }`);
const CANCEL = graphql(`mutation CancelRun($id: ID!) { cancelRun(input: { id: $id }) { userErrors { message } } }`);
type Run = NonNullable<ResultOf<typeof RUN>["run"]>;

export function RunPage({ id }: { id: string }): JSX.Element {
  const { data, error, reread } = useLive(RUN, { id }, { concerns: (change) => change.of === "task" && change.runId === id });
  const run = data?.run;
  if (data && !run) return <NotFoundPage />;
  return (
    <Page title={run ? `Run of ${run.taskName}` : "Run"} above={<Above run={run} />} actions={run && <Actions run={run} />}>
      {error && !run && <ErrorState message={error} retry={reread} />}
      {!error && !run && <LoadingRows count={6} />}
      {run && <Contents run={run} />}
    </Page>
  );
}

function Above({ run }: { run: Run | null | undefined }): JSX.Element {
  if (run?.workflowRun) return <Link href={`/workflow-runs/${run.workflowRun.id}`}>{run.workflowRun.name}</Link>;
  if (!run?.task) return <Link href="/runs">History</Link>;
  return <Link href={`/tasks/${run.task.id}`}>{run.taskName}</Link>;
}

function Actions({ run: { id, status, cancelRequestedAt } }: { run: Run }): JSX.Element {
  const isOpen = OPEN.includes(status);
  const { run, isBusy, problem } = useAction(isOpen ? CANCEL : RETRY, { id });
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
      {!isOpen && status !== "COMPLETED" && (
        <button type="button" class="main" aria-keyshortcuts="Shift+R" disabled={isBusy} onClick={() => void run()}>
          <RetryIcon />
          Retry
        </button>
      )}
    </>
  );
}

function Contents({ run }: { run: Run }): JSX.Element {
  const explanation = run.waitingText ?? run.reasonText;
  return (
    <>
      <Summary run={run} />
      {run.error && (
        <div class="notice bad">
          <p>{run.error.message}</p>
          {run.error.hint && <p class="hint">{run.error.hint}</p>}
        </div>
      )}
      {explanation && <p class={run.waitingText ? "notice warn" : "notice"}>{explanation}</p>}
      {run.missedCount !== null && run.missedUntil && (
        <p class="notice">
          {run.missedCount === 1 ? "One due time" : `${run.missedCount} due times`} passed without a run, until{" "}
          <Time at={run.missedUntil} as="moment" />.
        </p>
      )}
      <Section title="Course">
        <Course run={run} />
      </Section>
      {run.attempts.length > 0 && (
        <Section title={run.attempts.length === 1 ? "Attempt" : `${run.attempts.length} attempts`}>
          {[...run.attempts].reverse().map((attempt, place) => (
            <AttemptDetails key={attempt.number} attempt={attempt} isOpen={place === 0} body={sentBody(run)} />
          ))}
        </Section>
      )}
      {run.result !== null && (
        <Section title="Result">
          <ResultFile result={run.result} />
          <pre tabIndex={0}>{JSON.stringify(run.result, null, 2)}</pre>
        </Section>
      )}
    </>
  );
}

function Summary({ run }: { run: Run }): JSX.Element {
  return (
    <p class="summary">
      <span aria-live="polite">
        <Status status={run.status} />
      </span>
      <span>
        Due <Time at={run.dueAt} as="moment" />
      </span>
      {run.nextAttemptAt && (
        <span>
          Next attempt <Time at={run.nextAttemptAt} />
        </span>
      )}
      {run.callbackExpectedBy && (
        <span>
          Callback expected <Time at={run.callbackExpectedBy} />
        </span>
      )}
      <span class="faint">{TRIGGER_WORDS[run.trigger]}</span>
    </p>
  );
}

/** When the run was due, started and ended, and how long that took. */
function Course({ run }: { run: Run }): JSX.Element {
  const late = run.startedAt ? Date.parse(run.startedAt) - Date.parse(run.dueAt) : null;
  const end = run.finishedAt ? Date.parse(run.finishedAt) : now.value;
  return (
    <dl class="settings course">
      <Fact name="Started">{run.startedAt ? <Time at={run.startedAt} as="moment" /> : "not yet"}</Fact>
      {late !== null && <Fact name="After it was due">{formatDuration(Math.max(late, 0))}</Fact>}
      <Fact name="Ended">{run.finishedAt ? <Time at={run.finishedAt} as="moment" /> : "not yet"}</Fact>
      {run.startedAt && <Fact name="Took">{formatDuration(Math.max(end - Date.parse(run.startedAt), 0))}</Fact>}
      <Fact name="Queue">
        {run.assignedQueue?.name ?? "–"}
        {run.priority !== 0 && `, priority ${run.priority}`}
        {run.assignedQueue?.paused && ", which is paused"}
      </Fact>
      <Fact name="Version of the task">{run.taskVersion}</Fact>
      {run.replays.length > 0 && (
        <Fact name="Retried by hand">
          {run.replays.length === 1 ? "once" : `${run.replays.length} times`}, last <Time at={run.replays.at(-1)?.at ?? run.dueAt} />
        </Fact>
      )}
      {run.discardedAt && (
        <Fact name="Discarded">
          <Time at={run.discardedAt} />
        </Fact>
      )}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Returns the body that the task sends, if the task has not been edited since; null if that is not known. */
function sentBody({ task, taskVersion }: Run): string | null {
  if (task?.version !== taskVersion || task.job.__typename !== "HttpJob") return null;
  return task.job.bodyText ?? (task.job.jsonBody === null ? null : JSON.stringify(task.job.jsonBody));
}

/** The link to the file that a report has written, which its result names. */
function ResultFile({ result }: { result: unknown }): JSX.Element | null {
  const file = (result as { file?: { name?: unknown; url?: unknown } } | null)?.file;
  if (typeof file?.url !== "string" || !/^https?:/.test(file.url)) return null;
  return (
    <p>
      <a href={file.url} rel="noreferrer">
        {String(file.name ?? "Download the file")}
      </a>
    </p>
  );
}
