import type { JSX } from "preact";
import { Link } from "wouter-preact";

import { useAction } from "../actions.ts";
import { graphql, type ResultOf } from "../graphql.ts";
import { useLive } from "../live.ts";
import { RetryIcon } from "../ui/icons.tsx";
import { Page, Section } from "../ui/page.tsx";
import { ErrorState, LoadingRows } from "../ui/states.tsx";
import { Status } from "../ui/status.tsx";
import { Time } from "../ui/time.tsx";
import { ATTEMPT, AttemptDetails } from "./attempt.tsx";
import { NotFoundPage } from "./not-found.tsx";

const OPEN = ["QUEUED", "RUNNING", "RETRY", "WAITING"];
const RUN = graphql(
  `
    query Run($id: ID!) {
      run(id: $id) {
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
        cancelRequestedAt
        missedUntil
        missedCount
        result
        task {
          id
        }
        error {
          kind
          message
          hint
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
        <button type="button" class="main" disabled={isBusy} onClick={() => void run()}>
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
      <p class="summary">
        <Status status={run.status} />
        <span>
          Due <Time at={run.dueAt} as="moment" />
        </span>
        {run.finishedAt && (
          <span>
            Ended <Time at={run.finishedAt} />
          </span>
        )}
        {run.nextAttemptAt && (
          <span>
            Next attempt <Time at={run.nextAttemptAt} />
          </span>
        )}
        {run.trigger === "MANUAL" && <span>Run by hand</span>}
      </p>
      {run.error && (
        <div class="notice bad">
          <p>{run.error.message}</p>
          {run.error.hint && <p class="hint">{run.error.hint}</p>}
        </div>
      )}
      {explanation && <p class="notice">{explanation}</p>}
      {run.attempts.length > 0 && (
        <Section title={run.attempts.length === 1 ? "Attempt" : "Attempts"}>
          {[...run.attempts].reverse().map((attempt, place) => (
            <AttemptDetails key={attempt.number} attempt={attempt} isOpen={place === 0} />
          ))}
        </Section>
      )}
      {run.result !== null && (
        <Section title="Result">
          <pre>{JSON.stringify(run.result, null, 2)}</pre>
        </Section>
      )}
    </>
  );
}
